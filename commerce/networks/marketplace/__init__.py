"""The local marketplace: product pages where one can really "buy", a gateway that
speaks Taobao's protocol, and signed postbacks for shops with a programme of their own.

A process of its own (`python -m commerce.networks.marketplace`) with its own SQLite
file; it imports nothing of the site, and the site nothing of it but `config`, the one
file that the seeding writes and the marketplace reads.
"""
