"""Customers: who buys here, with or without a login, where it goes, and who wants mails about coupons (`consenting`)."""

from steelyard.parties.customers.consenting import consenting, known_by_link, want_mails, wants_mails, with_accounts
from steelyard.parties.customers.queries import addresses, get, merged, pasts, resolve, sought, visitors_of
from steelyard.parties.customers.service import (
    bulk_register,
    bulk_save_addresses,
    change_profile,
    forget,
    guest,
    guests,
    hold,
    merge_visitor,
    register,
    remove_address,
    save_address,
    sign_up,
)

__all__ = [
    "addresses",
    "bulk_register",
    "bulk_save_addresses",
    "change_profile",
    "consenting",
    "forget",
    "get",
    "guest",
    "guests",
    "hold",
    "known_by_link",
    "merge_visitor",
    "merged",
    "pasts",
    "register",
    "remove_address",
    "resolve",
    "save_address",
    "sign_up",
    "sought",
    "visitors_of",
    "want_mails",
    "wants_mails",
    "with_accounts",
]
