from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "realtalk_site"
    verbose_name = "Site"
