"""How long it is known what strangers did, and who counts as a robot."""

from steelyard.kernel.i18n import N_
from steelyard.parties.policies.kinds import KEEPING, Policy, Unit

BEHAVIOUR_KEPT = Policy(
    key="behaviour_kept",
    area=KEEPING,
    name=N_("How long it is known what strangers did"),
    about=N_(
        "What visitors looked at who never became buyers is deleted after this time. What buyers did is deleted when they want "
        "it, or with their account."
    ),
    unit=Unit.DAYS,
    default=400,
    least=30,
    most=1_200,
)
ROBOT_VIEWS = Policy(
    key="robot_views",
    area=KEEPING,
    name=N_("Pages a minute that no person looks at"),
    about=N_(
        "A visitor who has not signed in and looks at more pages in one minute is taken for a robot, and left out of analyses of "
        "users. The daily count of visitors stays as it is."
    ),
    unit=Unit.PAGES,
    default=60,
    least=20,
    most=600,
)
