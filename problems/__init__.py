"""The problems that ship with lrbench, one TOML file each."""
