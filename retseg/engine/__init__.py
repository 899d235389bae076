"""What runs a network: one small protocol, two engines (OpenVINO on the CPU, torch on a GPU or the CPU)."""

from retseg.engine.choice import ENGINES, Engine, EngineChoice, EngineKind, choose_engine, open_engine

__all__ = ["ENGINES", "Engine", "EngineChoice", "EngineKind", "choose_engine", "open_engine"]
