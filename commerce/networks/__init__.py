"""Affiliate networks: one adapter each, integer minor units and UTC inside.

Imports nothing: the marketplace's own process passes through here without Django.
"""
