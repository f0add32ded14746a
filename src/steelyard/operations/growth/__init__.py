"""Growth tools: membership with levels by what buyers have earned, and what levels bring; and inviting friends.

`model` is a membership as data, `standing` the sums that say where somebody stands (pure), `counting` writes down what earns
growth, `settling` counts members anew, `moving` moves them between levels, groups and lists, `privileges` gives what levels
bring, `tasks` what can be done once for growth (its table is in `schema_tasks.sql`). docs/algorithms/membership.md tells the
rules with an example.

Of invitations `invite_model` is the data and what speaks against a reward (pure), `inviting` sets up and takes, `invite_checks`
finds what has to be known, `rewarding` follows the friend's first order, and their tables are in `schema_invitations.sql`.
docs/algorithms/invitations.md.

Of targeted coupons `target_model` is the data and how people are shared out (pure), `targeting` the commands, `target_giving`
what the clock brings about, `target_lift` what they brought, and their tables are in `schema_targeted.sql`.
docs/algorithms/targeted-coupons.md.
"""

from steelyard.operations.growth.counting import check_in, earn_orders, earn_reviews, of_orders, of_reviews, take_back
from steelyard.operations.growth.events import LevelChanged
from steelyard.operations.growth.inviting import accept as accept_invitation
from steelyard.operations.growth.inviting import close_programme as close_invite_programme
from steelyard.operations.growth.inviting import (
    invitations,
    invitations_of,
    invite_code,
    invite_counts,
    invite_points,
    invite_programme,
    invited_by,
    invites,
)
from steelyard.operations.growth.inviting import of_buyers as invitations_of_buyers
from steelyard.operations.growth.inviting import set_programme as set_invite_programme
from steelyard.operations.growth.model import (
    Against,
    AllGiven,
    Cause,
    ChangedMeanwhile,
    GrowthLine,
    Invitation,
    InviteProgramme,
    InviteState,
    Level,
    LevelMove,
    Member,
    NoProgramme,
    NotNew,
    OwnInvitation,
    Programme,
    Reward,
    Rule,
    Task,
    TaskNotDone,
    TaskProgress,
    TaskTerms,
)
from steelyard.operations.growth.moving import list_members
from steelyard.operations.growth.privileges import forget, give_birthday_coupons
from steelyard.operations.growth.queries import (
    checked_in,
    is_open,
    level_moves,
    levels_of,
    lines,
    member,
    members,
    memberships,
    of_buyers,
    open_programme,
    programme,
)
from steelyard.operations.growth.rewarding import decide as decide_invitation
from steelyard.operations.growth.rewarding import lapse_due, reward_due
from steelyard.operations.growth.service import Wanted, close, reopen, set_up
from steelyard.operations.growth.settling import days_pass, settle
from steelyard.operations.growth.standing import Span, Standing, standing
from steelyard.operations.growth.target_giving import end_due as end_targeted
from steelyard.operations.growth.target_giving import give_due as give_targeted
from steelyard.operations.growth.target_giving import take_back_due as take_targeted_back
from steelyard.operations.growth.target_lift import Bounds, Effect, Lift, lift
from steelyard.operations.growth.target_model import (
    CouponNotFree,
    NewTargeted,
    Targeted,
    TargetedId,
    TargetState,
    most_of,
    worth_of,
)
from steelyard.operations.growth.targeting import all_targeted, targetable, targeted
from steelyard.operations.growth.targeting import draw_up as draw_up_targeted
from steelyard.operations.growth.targeting import drop as drop_targeted
from steelyard.operations.growth.targeting import going_by as targeted_for
from steelyard.operations.growth.targeting import start as start_targeted
from steelyard.operations.growth.targeting import stop as stop_targeted
from steelyard.operations.growth.tasks import have_task, tasks_of

__all__ = [
    "Against",
    "AllGiven",
    "Bounds",
    "Cause",
    "ChangedMeanwhile",
    "CouponNotFree",
    "Effect",
    "GrowthLine",
    "Invitation",
    "InviteProgramme",
    "InviteState",
    "Level",
    "LevelChanged",
    "LevelMove",
    "Lift",
    "Member",
    "NewTargeted",
    "NoProgramme",
    "NotNew",
    "OwnInvitation",
    "Programme",
    "Reward",
    "Rule",
    "Span",
    "Standing",
    "TargetState",
    "Targeted",
    "TargetedId",
    "Task",
    "TaskNotDone",
    "TaskProgress",
    "TaskTerms",
    "Wanted",
    "accept_invitation",
    "all_targeted",
    "check_in",
    "checked_in",
    "close",
    "close_invite_programme",
    "days_pass",
    "decide_invitation",
    "draw_up_targeted",
    "drop_targeted",
    "earn_orders",
    "earn_reviews",
    "end_targeted",
    "forget",
    "give_birthday_coupons",
    "give_targeted",
    "have_task",
    "invitations",
    "invitations_of",
    "invitations_of_buyers",
    "invite_code",
    "invite_counts",
    "invite_points",
    "invite_programme",
    "invited_by",
    "invites",
    "is_open",
    "lapse_due",
    "level_moves",
    "levels_of",
    "lift",
    "lines",
    "list_members",
    "member",
    "members",
    "memberships",
    "most_of",
    "of_buyers",
    "of_orders",
    "of_reviews",
    "open_programme",
    "programme",
    "reopen",
    "reward_due",
    "set_invite_programme",
    "set_up",
    "settle",
    "standing",
    "start_targeted",
    "stop_targeted",
    "take_back",
    "take_targeted_back",
    "targetable",
    "targeted",
    "targeted_for",
    "tasks_of",
    "worth_of",
]
