"""Every address of the site.

The evaluator's pages (`/study/`, `/s/`, `/m/`) and the researcher's pages come from `studies` and `analysis`;
the admin is Django's.
"""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls)]
urlpatterns += [path("", include(name)) for name in ("studies.urls", "analysis.urls") if find_spec(name)]
