"""How Sphinx builds the site; `python3 bin/bootstrap docs` runs it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))
# The notebooks call commands: those of the environment that builds the site.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# No colours and no progress bars on a page.
os.environ |= {"TERM": "dumb", "NO_COLOR": "1", "PERSISTENCE_NO_PROGRESS": "1", "COLUMNS": "90"}

project = "persistence"
author = "the persistence developers"
copyright = "the persistence developers, GPL-3.0-or-later"  # noqa: A001  # Sphinx's name

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "commands",  # _ext/commands.py: the reference of commands, from their parsers
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "**/README.rst"]
suppress_warnings = ["myst.header"]  # doc/gen2 has some headings a level deeper than the one above
default_role = "py:obj"

# Links inside the site have to lead somewhere; Python's and astropy's own names lead nowhere, since
# the site is built without a network.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!persistence\.).*"), ("py:obj", ".*"), ("py:class", ".*")]

autodoc_typehints = "none"  # the docstrings say it in words
autodoc_member_order = "bysource"
autosummary_generate = True
autosummary_ignore_module_all = False
numpydoc_class_members_toctree = False
numpydoc_show_inherited_class_members = False
numpydoc_xref_param_type = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# The notebooks run at each build, in a folder of their own, on sample data that they make.
nb_execution_mode = "cache"
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

html_theme = "pydata_sphinx_theme"
html_title = "persistence"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_show_sourcelink = False
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "show_prev_next": True,
    "header_links_before_dropdown": 5,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": []}
