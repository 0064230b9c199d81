from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class UsersConfig(AppConfig):
    name = "users"


class SiteAdminConfig(AdminConfig):
    default_site = "users.admin_site.SiteAdmin"
