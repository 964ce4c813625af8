from django.urls import path

from . import media, views

app_name = "studies"
urlpatterns = [
    path("study/<str:key>/", views.landing, name="landing"),
    path("s/<str:token>/", views.session_page, name="session"),
    path("s/<str:token>/consent", views.consent, name="consent"),
    path("s/<str:token>/begin", views.begin, name="begin"),
    path("s/<str:token>/progress", views.progress, name="progress"),
    path("s/<str:token>/vote", views.vote, name="vote"),
    path("s/<str:token>/failed", views.failed, name="failed"),
    path("s/<str:token>/ahead", views.ahead, name="ahead"),
    path("m/<str:signed>", media.serve, name="media"),
]
