from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class ConfigConfig(AppConfig):
    """The project itself: settings, the embedded database engine, commands for the whole project."""

    name = "config"
    verbose_name = _("Project")


class StaffAdminConfig(AdminConfig):
    """The admin with our own site behind `admin.site`."""

    default_site = "config.admin_site.StaffSite"
