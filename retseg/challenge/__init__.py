"""A challenge as data: its sockets, tasks, models, protocols and standings, one TOML file each in `challenges/`."""

from retseg.challenge.challenge import (
    Challenge,
    Interface,
    TaskModel,
    list_challenges,
    load_challenge,
)
from retseg.challenge.socket import Compute, Socket

__all__ = ["Challenge", "Compute", "Interface", "Socket", "TaskModel", "list_challenges", "load_challenge"]
