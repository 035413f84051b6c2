"""What stands in the audit log, in the reader's words."""

from __future__ import annotations

from petition.domain.messages.targets import Leaving, Stand
from petition.domain.staff.audit_actions import AuditAction
from petition.services.messages import targets
from petition.services.staff.refusals import Refusal
from petition.web.http.locale import _


def action_words(action: str) -> str:
    """An action as the console says it; one that it has no words for, as it stands in the log."""
    return (_own() | _staff() | _signatures() | _campaigns() | _server()).get(action, action)


def outcome_words(action: str, outcome: str) -> str:
    """How it ended; empty where there is no more to say than that it was done."""
    own = _outcomes_of(action)
    return own[outcome] if outcome in own else _outcomes().get(outcome, outcome)


def _outcomes_of(action: str) -> dict[str, str]:
    """Of an action that has words of its own for how it ended."""
    second = {"asked": _("waits for a second person"), "approved": _("agreed")}
    words: dict[str, dict[str, str]] = {
        AuditAction.LONG_LIST: {**second, "made": _("made")},
        AuditAction.TARGET_ANSWER: {
            **second,
            "published": _("published"),
            "told": _("those who asked are told"),
        },
        AuditAction.TARGET_STAND: {
            Stand.ASKED: _("Asked"),
            Stand.ANSWERED: _("Answered"),
            Stand.PROMISED: _("Agreed"),
            Stand.REFUSED: _("Said no"),
            Stand.SILENT: _("Silent"),
        },
        AuditAction.TARGET_LEFT: {
            **second,
            Leaving.EXCLUDED: _("not written to for now"),
            Leaving.REPLACED: _("replaced"),
            Leaving.RETIRED: _("no target any more"),
            targets.TAKEN_BACK: _("written to again"),
        },
        AuditAction.PARKED_MESSAGES: {"sent": _("They were sent"), "again": _("sent again")},
        AuditAction.SECOND_PERSON: {"on": _("switched on")},
    }
    return words.get(action, {})


def _outcomes() -> dict[str, str]:
    return {
        "done": "",
        "added": _("added"),
        "removed": _("removed"),
        "revoked": _("revoked"),
        "live": _("unblocked"),
        "blocked": _("blocked"),
        "terms": _("arrangement changed"),
        "question": _("question changed"),
        "asked": _("asked to accept"),
        "accepted": _("accepted"),
        "anew": _("asked for another key"),
        "off": _("switched off"),
        "tested": _("test message"),
        "rotated": _("new secret"),
        "full": _("with names and addresses"),
        "thin": _("without names and addresses"),
        "replayed": _("sent again"),
        "refused": _("refused"),
        Refusal.MISSING: _("not found"),
        "begun": _("begun"),
        "undone": _("undone"),
        "broken": _("the log is not whole"),
    }


def _own() -> dict[str, str]:
    """What somebody does about their own account."""
    return {
        AuditAction.SIGN_IN: _("Signed in"),
        AuditAction.PASSWORD: _("Typed the right password"),
        AuditAction.CODE: _("Typed a code"),
        AuditAction.RECOVERY_CODE: _("Typed a recovery code"),
        AuditAction.PASSKEY: _("Used a passkey"),
        AuditAction.PASSKEY_ADDED: _("Added a passkey"),
        AuditAction.PASSKEY_REMOVED: _("Removed a passkey"),
        AuditAction.APP_REMOVED: _("Removed their app"),
        AuditAction.SECOND_FACTOR_SET_UP: _("Set up the second factor"),
        AuditAction.NEW_SECOND_FACTOR: _("Began to set up another second factor"),
        AuditAction.RESET_SECOND_FACTOR: _("Made a link for a lost second factor"),
        AuditAction.RECOVERY_CODES: _("Made new recovery codes"),
        AuditAction.SIGN_OUT: _("Signed out"),
        AuditAction.SIGN_OUT_EVERYWHERE: _("Signed out everywhere"),
        AuditAction.SET_UP: _("Set up their account"),
    }


def _staff() -> dict[str, str]:
    """What is about other staff, and about what may be seen."""
    return {
        AuditAction.INVITE: _("Invited somebody"),
        AuditAction.DISABLE_STAFF: _("Closed an account"),
        AuditAction.ROLE: _("Changed what somebody may do"),
        AuditAction.LONG_LIST: _("Asked for a long list, or decided about one"),
        AuditAction.SECOND_PERSON: _("Changed whether long lists take a second person"),
        AuditAction.OPEN_PAGE: _("Tried to open a page"),
    }


def _signatures() -> dict[str, str]:
    """Signatures and lists of them: seen, decided about, taken out."""
    return {
        AuditAction.VIEW_NAMES: _("Looked at names and comments"),
        AuditAction.VIEW_SIGNATURE: _("Opened a signature"),
        AuditAction.MANY_RECORDS: _("Opened more than 30 signatures within an hour"),
        AuditAction.REVIEW_SHOWN: _("Decided: show name and comment"),
        AuditAction.REVIEW_NAME_ONLY: _("Decided: show the name only"),
        AuditAction.REVIEW_REFUSED: _("Decided: show nothing"),
        AuditAction.REVIEW_UNDONE: _("Undid a decision about a name"),
        AuditAction.SIGNATURE_HELD: _("Held a signature"),
        AuditAction.SIGNATURE_REJECTED: _("Rejected a signature"),
        AuditAction.SIGNATURE_CONFIRMED: _("Released a signature that was confirmed"),
        AuditAction.SIGNATURE_PENDING: _("Released a signature that still waits"),
        AuditAction.SIGNATURE_ERASED: _("Erased a signature"),
        AuditAction.ASK_ERASURE: _("Marked a signature to be erased"),
        AuditAction.CANCEL_ERASURE: _("Cancelled that a signature is erased"),
        AuditAction.SEARCH_SIGNATURES: _("Searched signatures"),
        AuditAction.EXPORT: _("Ordered a list"),
        AuditAction.FETCH_LIST: _("Downloaded a list"),
        AuditAction.RECALL_LIST: _("Downloaded what to take out of a list"),
    }


def _campaigns() -> dict[str, str]:
    """Campaigns, and who signs there."""
    return {
        AuditAction.TARGET_DOMAIN: _("Changed the target’s mail domains"),
        AuditAction.PARTNER: _("Made or changed a partner"),
        AuditAction.WEBHOOK: _("Changed a webhook"),
        AuditAction.API_TOKEN: _("Made or revoked a token of the API"),
        AuditAction.PARTNER_LINK: _("Made or revoked the link to a partner’s page"),
        AuditAction.PARTNER_SECTION: _("Added or removed a section of a partner"),
        AuditAction.PAUSE_MESSAGES: _("Paused supporters’ emails to a target"),
        AuditAction.RESUME_MESSAGES: _("Let supporters’ emails go to a target again"),
        AuditAction.MESSAGE_CAPS: _("Changed how many emails go to a target"),
        AuditAction.MESSAGE_TRIAL: _("Sent themselves a test email"),
        AuditAction.PARKED_MESSAGES: _("Decided about emails of unknown outcome"),
        AuditAction.MESSAGE_NUMBERS: _("Took numbers of emails to the targets out"),
        AuditAction.TARGET_STAND: _("Noted what a target did"),
        AuditAction.TARGET_LEFT: _("Changed whether a target is written to"),
        AuditAction.TARGET_ANSWER: _("Published a target’s answer, or decided who is told"),
        AuditAction.WIDEN_LIMITS: _("Widened the limits for a place"),
        AuditAction.NARROW_LIMITS: _("Ended wider limits"),
        AuditAction.LOAD_CAMPAIGN: _("Loaded a campaign"),
        AuditAction.OPEN_CAMPAIGN: _("Opened a campaign"),
        AuditAction.CLOSE_CAMPAIGN: _("Closed a campaign"),
        AuditAction.RETENTION: _("Changed how long signatures are kept"),
    }


def _server() -> dict[str, str]:
    """All signatures at once, keys, this log, and closing everything."""
    return {
        AuditAction.RETENTION_RUN: _("Erased what was due"),
        AuditAction.REKEY: _("Compared all signatures anew"),
        AuditAction.MAIL_PROVIDER: _("Changed the table of mail providers"),
        AuditAction.ROTATE_KEYS: _("Sealed all records anew"),
        AuditAction.ACCEPT_SECRET: _("Accepted another secret key"),
        AuditAction.SEARCH_AUDIT: _("Searched this log"),
        AuditAction.EXPORT_AUDIT: _("Took rows of this log out"),
        AuditAction.CHECK_AUDIT: _("Checked this log"),
        AuditAction.ACCEPT_AUDIT: _("Accepted this log as it was"),
        AuditAction.PRUNE_AUDIT: _("Deleted old rows of this log"),
        AuditAction.PANIC: _("Closed everything"),
        AuditAction.RESUME: _("Opened everything again"),
    }
