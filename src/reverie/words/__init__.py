"""The craft of prompts: a library of modifiers, templates, and what words do."""
