"""Every address of the site.

The evaluator's pages (`/study/`, `/s/`, `/m/`) come from `studies`, the researcher's reports from `analysis`; the admin
is Django's.
"""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("", include("studies.urls")),
    path("", include("analysis.urls")),
]
