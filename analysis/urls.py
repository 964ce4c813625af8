from django.urls import path

from . import views

app_name = "analysis"
urlpatterns = [
    path("studies/<str:key>/report/", views.show_report, name="report"),
    path("studies/<str:key>/report.json", views.download_report, name="report_json"),
    path("studies/<str:key>/votes.csv", views.download_votes, name="votes_csv"),
    path("studies/<str:key>/trials.csv", views.download_trials, name="trials_csv"),
]
