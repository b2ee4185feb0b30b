"""All settings. What differs between installs comes from the environment, and `.env.example` names all of it.

Safe by default: nothing here turns debugging on, and a production install that forgets SECRET_KEY,
ALLOWED_HOSTS or BASE_URL does not start. DEMO=1 is the one switch that fills them in by itself.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
# The environment wins over the file.
env_file = Path(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))
if env_file.is_file():
    env.read_env(env_file)


def required(name: str) -> str:
    """The value of a variable a real install must set, or one clear line about it."""
    value = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Set it in the environment or in .env (see .env.example), or set DEMO=1."
        )
    return value


def demo_secret_key(folder: Path) -> str:
    """The demo's own secret key: made once, so that its links still work after a restart."""
    path = folder / "secret_key"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(get_random_secret_key())
    return path.read_text().strip()


def mailer(url: str) -> dict[str, Any]:
    """An e-mail URL (smtp+tls://user:password@host:587) as an entry of MAILERS."""
    parts = env.email_url_config(url)
    options = {
        "host": parts["EMAIL_HOST"],
        "port": parts["EMAIL_PORT"],
        "username": parts["EMAIL_HOST_USER"],
        "password": parts["EMAIL_HOST_PASSWORD"],
        "use_tls": parts.get("EMAIL_USE_TLS"),
        "use_ssl": parts.get("EMAIL_USE_SSL"),
        "timeout": 20,
    }
    backend = parts["EMAIL_BACKEND"]
    if not backend.endswith("smtp.EmailBackend"):
        options = {"file_path": "/" + parts["EMAIL_FILE_PATH"]} if "filebased" in backend else {}
    return {"BACKEND": backend, "OPTIONS": {key: value for key, value in options.items() if value}}


# The e-mail services that anymail can send through.
ESPS = (
    "amazon_ses",
    "brevo",
    "mailersend",
    "mailgun",
    "mailjet",
    "mailtrap",
    "mandrill",
    "postal",
    "postmark",
    "resend",
    "scaleway",
    "sendgrid",
    "sparkpost",
    "unisender_go",
)


def mail_service(name: str, *, options: str, secret: str) -> dict[str, Any]:
    """What anymail is told about the e-mail service `name`: its options, and the secret its webhooks bear."""
    if name not in ESPS:
        raise ImproperlyConfigured(f"ESP is {name!r}. Known are {', '.join(ESPS)}.")
    try:
        found = json.loads(options or "{}")
    except ValueError as error:
        raise ImproperlyConfigured(f"ESP_OPTIONS is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise ImproperlyConfigured('ESP_OPTIONS must look like {"server_token": "..."}.')
    if secret and not all(secret.partition(":")):
        raise ImproperlyConfigured("ESP_WEBHOOK_SECRET must look like user:password.")
    # Some options have the service's name before theirs, and some have not.
    general = {option.upper(): value for option, value in found.items()}
    of_service = {f"{name.upper()}_{option}": value for option, value in general.items()}
    return {"REQUESTS_TIMEOUT": 20, **general, **of_service, "WEBHOOK_SECRET": secret}


# Where we are

DEMO = env.bool("DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)
PORT = env.int("PORT", default=8000)
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()

if DEMO:
    SECRET_KEY = env.str("SECRET_KEY", default="") or demo_secret_key(VAR_DIR)
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
    BASE_URL = env.str("BASE_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
else:
    SECRET_KEY = required("SECRET_KEY")
    ALLOWED_HOSTS = [host.strip() for host in required("ALLOWED_HOSTS").split(",")]
    BASE_URL = required("BASE_URL").rstrip("/")
# Links signed with these still work: append the old key here when SECRET_KEY changes.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

base_url = urlsplit(BASE_URL)
if base_url.scheme not in {"http", "https"} or not base_url.hostname or base_url.path:
    raise ImproperlyConfigured("BASE_URL must look like https://preferences.example.com, without a path.")

ROOT_URLCONF = "config.demo_urls" if DEMO else "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# What it is made of

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "accounts.apps.AccountsConfig",
    "preferences.apps.PreferencesConfig",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "config.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.idp.oidc",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_tasks_db",
    "simple_history",
]

# Every entry is paid for by every request; what only the admin needs does its work lazily.
MIDDLEWARE = [
    "config.logs.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.programs.ProgramsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "preferences.views.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Storage

# A statement that comes again is parsed and planned once for each connection: a stop costs the database half. And a
# row that somebody else keeps locked is waited for this long and no longer, so that a stop gets its 503 in time.
# Neither goes through a pooler that shares connections between transactions; see DATABASE_PREPARE.
DIRECT: dict[str, Any] = (
    {"server_side_binding": True, "prepare_threshold": 5, "options": "-c lock_timeout=5s"}
    if env.bool("DATABASE_PREPARE", default=True)
    else {}
)
if database_url := env.str("DATABASE_URL", default=""):
    DATABASES: dict[str, dict[str, Any]] = {
        "default": {
            **env.db_url_config(database_url),
            "ENGINE": "django.db.backends.postgresql",
            # The pool keeps connections, so Django must not; a lost database has to answer 503 soon.
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": True,
        }
    }
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        {
            **DIRECT,
            "connect_timeout": 3,
            "pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=10), "timeout": 3},
        }
    )
else:
    DATABASES = {
        "default": {
            "ENGINE": "config.embedded_postgres",
            "NAME": "preferences",
            "HOST": str(VAR_DIR / "postgres"),
            # A local socket, and few threads: one connection kept by each is the quickest.
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": False,
            "OPTIONS": DIRECT,
        }
    }

# Shared by all processes, as the rate limits need; the table comes with config's migration.
# Far above the number of limits alive at once: a counter thrown out to make room would let somebody guess on.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    }
}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# Language and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("nb", _("Norwegian Bokmål"))]
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = "config.formats"

# Mail

ESP = env.str("ESP", default="")
esp_options = env.str("ESP_OPTIONS", default="")
ESP_WEBHOOK_SECRET = env.str("ESP_WEBHOOK_SECRET", default="")
email_url = env.str("EMAIL_URL", default="")
if ESP and email_url:
    raise ImproperlyConfigured(
        "ESP and EMAIL_URL are both set. Our mails go one way: leave one of them empty."
    )
if not ESP and (esp_options or ESP_WEBHOOK_SECRET):
    raise ImproperlyConfigured("ESP_OPTIONS or ESP_WEBHOOK_SECRET is set, and ESP is not.")
if ESP:
    ANYMAIL = mail_service(ESP, options=esp_options, secret=ESP_WEBHOOK_SECRET)
    MAILERS: dict[str, dict[str, Any]] = {"default": {"BACKEND": f"anymail.backends.{ESP}.EmailBackend"}}
elif email_url:
    MAILERS = {"default": mailer(email_url)}
elif DEMO:
    MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": str(VAR_DIR / "mail")},
        }
    }
else:
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}}
MAIL_DOMAIN = env.str("MAIL_DOMAIN", default=base_url.hostname)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"preferences@{MAIL_DOMAIN}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Mail that arrives

MAIL_DOMAINS = env.list("MAIL_DOMAINS", default=[])
MAIL_MAX_BYTES = env.int("MAIL_MAX_BYTES", default=25 * 1024 * 1024)
MAIL_MAX_RECIPIENTS = env.int("MAIL_MAX_RECIPIENTS", default=20)
STOP_ADDRESS = env.str("STOP_ADDRESS", default="")
AUTHSERV_ID = env.str("AUTHSERV_ID", default="")
IMAP_URL = env.str("IMAP_URL", default="")
SOFT_BOUNCE_LIMIT = env.int("SOFT_BOUNCE_LIMIT", default=5)
SOFT_BOUNCE_DAYS = env.int("SOFT_BOUNCE_DAYS", default=30)

# Our own

# The oldest key there is, unless one is named: suppressions are found by it, and cannot be made anew.
ADDRESS_KEY = env.str("ADDRESS_KEY", default="") or [SECRET_KEY, *SECRET_KEY_FALLBACKS][-1]
CONFIRM_DAYS = env.int("CONFIRM_DAYS", default=14)
CONFIRM_COOLDOWN_MINUTES = env.int("CONFIRM_COOLDOWN_MINUTES", default=10)
NOTICE_DELAY_MINUTES = env.int("NOTICE_DELAY_MINUTES", default=10)
ANSWERS_PER_DAY = env.int("ANSWERS_PER_DAY", default=3)
REGISTER_SCREENING_DAYS = env.int("REGISTER_SCREENING_DAYS", default=31)
MANAGE_LINK_DAYS = env.int("MANAGE_LINK_DAYS", default=30)
UNDO_DAYS = env.int("UNDO_DAYS", default=30)
LINK_CAP_PER_MAILBOX = env.int("LINK_CAP_PER_MAILBOX", default=3)
LINK_CAP_PER_CLIENT = env.int("LINK_CAP_PER_CLIENT", default=20)
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", default=600)
STAFF_MFA_REQUIRED = env.bool("STAFF_MFA_REQUIRED", default=not DEMO)
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# Security

HTTPS = base_url.scheme == "https"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
# Entering the browsers' preload list is a decision about a whole domain, and not this site's to take.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 128 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Accounts

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/preferences/"
LOGOUT_REDIRECT_URL = "/"

ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "request_login_code": "accounts.forms.RequestLoginCodeForm",
    "confirm_email_verification_code": "accounts.forms.ConfirmAddressForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# By a code typed into the browser that asked. A link would let the owner of a mailbox confirm, with one press,
# the account a stranger made with the address; and mail scanners open links.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = False
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# Whoever changes how an account is entered, its owner hears of it.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = base_url.scheme
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
# Browsers treat localhost as safe without https, and only the demo runs there.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO and not HTTPS

SOCIALACCOUNT_ADAPTER = "accounts.adapter.SocialAccountAdapter"
# Somebody else's server vouching for an address does not open an account that exists here already.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
if oidc_server_url := env.str("OIDC_SERVER_URL", default=""):
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": env.str("OIDC_NAME", default="OpenID Connect"),
                "client_id": required("OIDC_CLIENT_ID"),
                "secret": required("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": oidc_server_url},
            }
        ],
    }
    # Signing in there starts with a form of ours, and browsers hold its redirects to this list as well.
    oidc_url = urlsplit(oidc_server_url)
    SECURE_CSP["form-action"].append(f"{oidc_url.scheme}://{oidc_url.netloc}")

# Programs: access tokens by client id and secret, for the API

# Opaque and short-lived, so that a client that is revoked is out at once.
IDP_OIDC_ACCESS_TOKEN_FORMAT = "opaque"  # noqa: S105 - a format
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = 3600
IDP_OIDC_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

# Admin

UNFOLD = {
    "SITE_TITLE": _("Preference centre"),
    "SITE_HEADER": _("Preference centre"),
    "SITE_SUBHEADER": _("For staff"),
    "SITE_SYMBOL": "toggle_on",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "preferences.admin.navigation.site_icon"},
    ],
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "preferences.admin.navigation.environment",
    "DASHBOARD_CALLBACK": "preferences.admin.start_page.add_plots",
    "STYLES": ["preferences.admin.navigation.style_sheet"],
    "SCRIPTS": ["preferences.admin.navigation.script"],
    "ACCOUNT": {"navigation": "preferences.admin.navigation.account_links"},
    "SIDEBAR": {"navigation": "preferences.admin.navigation.sidebar"},
}

# Logs

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Django sets these up for itself before us, with handlers that print paths.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": "ERROR", "propagate": False},
        "django.db.backends": {"level": "WARNING"},
        "psycopg.pool": {"level": "ERROR"},
        # aiosmtpd, which logs addresses and, at DEBUG, all of a message.
        "mail.log": {"level": "ERROR"},
    },
}
