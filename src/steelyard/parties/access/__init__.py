"""Access: who may come in, and what they may do.

Signing in is a conversation (`sign_in`): limits, a check in a thread, a session whose token only the cookie holds. A
surface asks `session` (or `api_key`) for the `Actor` of each request, and `Actor.may("orders.ship")` before a command;
roles and permissions are data. What staff did is in the audit log (`auditing`). Passwords are in `passwords`, sessions in
`signing_in`, a merchant's or the operator's people and their API keys in `staffing`,
the roles that an organisation makes for itself in `role_making`, what they keep of a console's lists in `views`.
"""

from steelyard.parties.access.auditing import audit
from steelyard.parties.access.events import PasswordResetRequested, StaffInvited
from steelyard.parties.access.passwords import check_password, check_rules, hash_password, is_outdated
from steelyard.parties.access.queries import (
    account,
    api_key,
    api_keys_of,
    api_keys_of_staff,
    audit_log,
    audited_actions,
    buyers_account,
    credentials,
    owner_of_link,
    permissions,
    role_names,
    roles,
    session,
    session_id,
    sessions_of,
    sought,
    staff,
    staff_with,
)
from steelyard.parties.access.role_making import change_role, create_role, remove_role
from steelyard.parties.access.service import (
    change_account,
    issue_link,
    register,
    request_password_reset,
    reset_password,
)
from steelyard.parties.access.signing_in import (
    SignedIn,
    ask_for_password_reset,
    begin_session,
    change_password,
    choose_password,
    end_all_sessions,
    end_session,
    end_session_of,
    sign_in,
    touch,
)
from steelyard.parties.access.staffing import (
    create_api_key,
    disable,
    enable,
    end_sessions_of_staff,
    invite,
    invite_again,
    revoke_api_key,
    set_roles,
)
from steelyard.parties.access.views import SavedView, TooManyViews, ViewId, remove_view, save_view, views_of

__all__ = [
    "PasswordResetRequested",
    "SavedView",
    "SignedIn",
    "StaffInvited",
    "TooManyViews",
    "ViewId",
    "account",
    "api_key",
    "api_keys_of",
    "api_keys_of_staff",
    "ask_for_password_reset",
    "audit",
    "audit_log",
    "audited_actions",
    "begin_session",
    "buyers_account",
    "change_account",
    "change_password",
    "change_role",
    "check_password",
    "check_rules",
    "choose_password",
    "create_api_key",
    "create_role",
    "credentials",
    "disable",
    "enable",
    "end_all_sessions",
    "end_session",
    "end_session_of",
    "end_sessions_of_staff",
    "hash_password",
    "invite",
    "invite_again",
    "is_outdated",
    "issue_link",
    "owner_of_link",
    "permissions",
    "register",
    "remove_role",
    "remove_view",
    "request_password_reset",
    "reset_password",
    "revoke_api_key",
    "role_names",
    "roles",
    "save_view",
    "session",
    "session_id",
    "sessions_of",
    "set_roles",
    "sign_in",
    "sought",
    "staff",
    "staff_with",
    "touch",
    "views_of",
]
