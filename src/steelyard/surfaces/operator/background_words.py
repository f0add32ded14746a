"""What goes on by itself, in words: what each sweep and each subscriber is for. Others are shown by their names."""

from steelyard.kernel.i18n import N_

SWEEPS: dict[str, str] = {
    "access.forget": N_("Ends sessions and links that are over"),
    "agents.deliver": N_("Tells shopping agents what became of their orders"),
    "agents.forget": N_("Forgets old messages of shopping agents"),
    "cart.clear_forgotten": N_("Clears carts that nobody has touched for long"),
    "checkout.apply_left_behind_webhooks": N_("Applies news of payment channels that were left behind"),
    "checkout.forget_old": N_("Forgets checkouts that were never placed"),
    "checkout.query_unknown_payments": N_("Asks the channel about payments whose outcome is unknown"),
    "checks": N_("Looks whether every truth of the database is true"),
    "idempotency.forget": N_("Forgets old answers kept under idempotency keys"),
    "jobs.forget_errors": N_("Forgets the errors of jobs that are done"),
    "limits.forget": N_("Forgets rate limits that are full again"),
    "merchants.licences": N_("Reminds of licences that end, and suspends shops whose licence has ended"),
    "notifications.send_again": N_("Sends mails again that did not get out"),
    "orders.cancel_unpaid": N_("Cancels orders that were not paid in time"),
    "orders.complete_received": N_("Confirms receipt when its days are over"),
    "parcels.ask_carriers": N_("Asks carriers where parcels are"),
    "payments.refunds": N_("Sends refunds to the payment channel"),
    "search.stale_entries": N_("Brings search entries up to date"),
    "settlement.payouts": N_("Sends payouts to the bank"),
    "settlement.run": N_("Makes the day's statements"),
}

SUBSCRIBERS: dict[str, str] = {
    "agents": N_("Tells shopping agents about their orders"),
    "checkout": N_("Reopens a checkout whose purchase was cancelled"),
    "notifications.access": N_("Mails invitations and links for a new password"),
    "orders": N_("Notes deliveries in orders, and counts sales for search"),
    "search": N_("Keeps the search entries of goods and shops"),
    "service.order_mails": N_("Mails buyers about their orders"),
    "settlement": N_("Enters completed orders and refunds into settlement"),
}
