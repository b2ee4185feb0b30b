from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def sign_in_server_configured() -> bool:
    """Whether people can sign in through an OpenID Connect server, known without asking the database."""
    return bool(settings.SOCIALACCOUNT_PROVIDERS)
