"""A challenge as data: its sockets, tasks, models, protocols and standings, one TOML file each in `challenges/`."""

from retseg.challenge.challenge import (
    Challenge,
    Interface,
    Socket,
    TaskModel,
    list_challenges,
    load_challenge,
)

__all__ = ["Challenge", "Interface", "Socket", "TaskModel", "list_challenges", "load_challenge"]
