"""The steps and fields of an application in words, the same for who fills it in and who decides."""

from steelyard.kernel.i18n import N_

STEP_NAMES: dict[str, str] = {
    "kind": N_("Who you are"),
    "company": N_("Licence"),
    "contact": N_("Contact"),
    "shop": N_("Shop"),
    "categories": N_("Goods categories"),
    "payout": N_("Payout account"),
    "agreement": N_("Rules"),
}
# Reasons that come up again and again, offered beside each field.
CANNED: dict[str, tuple[str, ...]] = {
    "licence_scan": (
        N_("The scan is not legible. Please upload it again, whole and in focus."),
        N_("The scan shows another company than the one entered."),
    ),
    "licence_number": (N_("The number is not the one on the scan."),),
    "legal_name": (N_("The name is not the one on the licence."),),
    "scope": (N_("The licence does not cover these goods."),),
    "shop_name": (N_("The name is too close to a brand that is not yours."),),
    "category_ids": (N_("These categories need a permit that we have not seen."),),
    "payout_account": (N_("The account is not held by the company that applies."),),
}
