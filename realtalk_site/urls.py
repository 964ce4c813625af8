"""Every address of the site.

The evaluator's pages (`/study/`, `/s/`, `/m/`) come from `studies`, the researcher's reports from `analysis`; the admin
is Django's.
"""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("studies.urls")),
    path("", include("analysis.urls")),
]
