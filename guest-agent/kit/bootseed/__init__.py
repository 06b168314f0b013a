"""The bootseed kit: what runs on a new VM, out of its user-data (docs/protocol.md)."""

VERSION = "0.3.0"
