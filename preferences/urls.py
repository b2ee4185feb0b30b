from django.urls import path, re_path

from preferences.cookies.answer import banner_script, banner_texts, consent, gpc_support, one_consent
from preferences.cookies.page import cookie_page
from preferences.inbox.webhooks import hook
from preferences.views.account import account
from preferences.views.brand_look import brand_look
from preferences.views.confirm import confirm
from preferences.views.home import home
from preferences.views.link import link
from preferences.views.send_link import send_link
from preferences.views.stop import stop
from preferences.views.tracking import tracked_click, tracking_pixel
from preferences.views.undo import undo

app_name = "preferences"

urlpatterns = [
    path("", home, name="home"),
    path("u/<token>/", stop, name="stop"),
    # A mail program that loses the last slash must not be redirected: few follow one with a POST.
    path("u/<token>", stop, name="stop_without_slash"),
    path("p/<token>/", link, name="link"),
    path("undo/<token>/", undo, name="undo"),
    path("confirm/<token>/", confirm, name="confirm"),
    path("link/", send_link, name="send_link"),
    path("preferences/", account, name="account"),
    path("hooks/<esp>/<what>/", hook, name="hook"),
    path("t/<token>.gif", tracking_pixel, name="tracking_pixel"),
    path("t/<token>/", tracked_click, name="tracked_click"),
    path("cookies/<slug:site>/", cookie_page, name="cookies"),
    path("cookies/<slug:site>/banner.js", banner_script, name="banner_script"),
    path("cookies/<slug:site>/texts/<int:banner>/<language>.json", banner_texts, name="banner_texts"),
    path("cookies/<slug:site>/consent", consent, name="consent"),
    path("cookies/<slug:site>/consent/<consent>", one_consent, name="one_consent"),
    path("cookies/<slug:site>/<uuid:consent>/", cookie_page, name="cookies_of_browser"),
    path(".well-known/gpc.json", gpc_support, name="gpc_support"),
    re_path(r"^look/(?P<key>[-\w]+)-(?P<colour>[0-9a-f]{6})\.css$", brand_look, name="brand_look"),
]
