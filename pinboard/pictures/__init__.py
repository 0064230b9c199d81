"""Pictures: bytes in, bytes out.

The web process reads headers only. Pixels are decoded in `sandbox`, a process of its
own with little memory and little time, which imports no Django.
"""
