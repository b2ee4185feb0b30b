import datetime as dt, os
os.environ.setdefault("DJANGO_SETTINGS_MODULE","tests.settings")
import pytest
from collections import Counter
pytestmark=pytest.mark.django_db
def test_x(settings):
    from django.utils import timezone
    settings.DEMO=True
    from preferences.demo.load import load_demo
    from preferences.models import Event, Recipient, ConfirmationRequest, Choice
    from preferences.decisions.page import page_for
    from django_tasks_db.models import DBTaskResult
    load_demo(now=timezone.now())
    print(ConfirmationRequest.objects.count(), DBTaskResult.objects.count())
    print(Counter(Event.objects.values_list("state","confirmed","source").filter(recipient__country="DE")))
    print(Event.objects.count())
    c=Counter()
    for r in Recipient.objects.filter(merged_into=None):
        for s in page_for(recipient=r, now=timezone.now()).switches:
            c[(r.country, s.verdict.reason.value)]+=1
    for k,v in sorted(c.items()): print(k,v)
