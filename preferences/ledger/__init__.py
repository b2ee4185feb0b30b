"""The write path. Nobody else writes an Event or a Choice."""

from preferences.ledger.append import RecipientGone
from preferences.ledger.ask_again import ask_again
from preferences.ledger.confirm import confirm
from preferences.ledger.erase import erase
from preferences.ledger.merge import merge
from preferences.ledger.rebuild import Difference, rebuild
from preferences.ledger.record import record
from preferences.ledger.record_gpc import record_gpc, record_under_gpc
from preferences.ledger.undo import undo
from preferences.ledger.values import Change, ChangeResult, Evidence, Recorded

__all__ = [
    "Change",
    "ChangeResult",
    "Difference",
    "Evidence",
    "RecipientGone",
    "Recorded",
    "ask_again",
    "confirm",
    "erase",
    "merge",
    "rebuild",
    "record",
    "record_gpc",
    "record_under_gpc",
    "undo",
]
