from django.urls import path

from preferences.demo.visitor import visitor_frame, visitor_page, visitor_script

app_name = "demo"

urlpatterns = [
    path("frame/", visitor_frame, name="frame"),
    path("page.js", visitor_script, {"name": "page"}, name="page_script"),
    path("waiting.js", visitor_script, {"name": "waiting"}, name="waiting_script"),
    path("<slug:site>/", visitor_page, name="page"),
]
