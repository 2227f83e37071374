"""The testbed's own library: blades in emulation, and what runs between them."""
