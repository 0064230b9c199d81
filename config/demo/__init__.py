"""The demo: a lively site made by the site's own actions, with invented people."""
