"""What payments refuse."""

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_


class RefundTooLarge(Refusal):
    """Not more is given back than was captured for the order, less what is already back or on its way."""

    code = "refund_too_large"
    title = N_("The refund is too large")
    detail = N_("Only part of this amount is left to refund for this order.")


class NothingCaptured(Refusal):
    """Only money that was captured can be given back."""

    code = "nothing_captured"
    title = N_("Nothing to refund")
    detail = N_("No payment was received for this order.")


class BadWebhook(Refusal):
    """A webhook is applied only when its sender's signature fits and it is fresh."""

    code = "bad_webhook"
    status = 401
    title = N_("The message was not accepted")
    detail = N_("Its signature is missing or wrong, or it is too old.")


class UnknownChannel(Refusal):
    """Payments go through a channel that this installation has set up."""

    code = "unknown_channel"
    status = 422
    title = N_("This payment method is not available")
    detail = N_("Please choose another payment method.")
