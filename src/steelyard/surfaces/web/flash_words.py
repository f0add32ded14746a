"""Flash sales in words, for both consoles."""

from steelyard.goods.promotions.model import FlashState
from steelyard.kernel.i18n import N_

STATES = {
    FlashState.TO_COME: (N_("To come"), "info"),
    FlashState.RUNNING: (N_("Running"), "good"),
    FlashState.OVER: (N_("Over"), "quiet"),
    FlashState.CANCELLED: (N_("Called off"), "warn"),
}
