"""The configuration: `portico.toml`, `PORTICO_…` variables and flags, read into one checked, frozen value.

`load` is the way in; a wrong key or value is a SettingsError that names file, line, key and what was expected.
"""

from portico.settings.armonik_values import (
    ArmonikAuth,
    ArmonikCertificate,
    ArmonikGui,
    ArmonikSettings,
    PartitionSettings,
)
from portico.settings.durations import parse_duration
from portico.settings.loading import load
from portico.settings.model import (
    DOORS,
    AuthSettings,
    ImageSource,
    KindSettings,
    LogSettings,
    NodeSettings,
    PoolSettings,
    PythonSettings,
    RetentionSettings,
    Settings,
    TitusLimits,
    TitusSettings,
    TitusSidecar,
    TitusSizes,
)
from portico.settings.problems import SettingsError

__all__ = [
    "DOORS",
    "ArmonikAuth",
    "ArmonikCertificate",
    "ArmonikGui",
    "ArmonikSettings",
    "AuthSettings",
    "ImageSource",
    "KindSettings",
    "LogSettings",
    "NodeSettings",
    "PartitionSettings",
    "PoolSettings",
    "PythonSettings",
    "RetentionSettings",
    "Settings",
    "SettingsError",
    "TitusLimits",
    "TitusSettings",
    "TitusSidecar",
    "TitusSizes",
    "load",
    "parse_duration",
]
