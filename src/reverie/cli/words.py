"""`reverie words`: the craft of prompts."""

from cyclopts import App

from reverie.cli import words_explain

app = App(name="words", help="Look into prompts.", help_format="rich")
app.command(words_explain.explain)
