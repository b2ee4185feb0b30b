from django.contrib.auth.management import create_permissions
from django.db import migrations, models

GROUPS = {
    "support": [
        "handle_message",
        *(
            f"view_{name}"
            for name in ["message", "messagecopy", "messageact", "bounce", "mail", "mailattempt", "answertemplate"]
        ),
    ],
    "editors": ["view_answertemplate", "add_answertemplate", "change_answertemplate"],
    "auditors": [
        f"view_{name}"
        for name in [
            *("message", "messagecopy", "messageact", "bounce", "mail", "mailattempt"),
            *("changenotice", "answertemplate"),
        ]
    ],
}

# {changes} stands for what was stopped, {brand} for the name of the brand, {page} for where to ask for a link.
TEMPLATES = {
    "stopped": {
        "name": "Stopped",
        "kinds": ["stop", "profiling"],
        "subject": {
            "en": "We have stopped it",
            "nb": "Vi har stoppet det",
        },
        "text": {
            "en": (
                "Hello,\n\n"
                "you wrote to {brand}, and we have done as you asked:\n\n"
                "{changes}\n\n"
                "Messages about what you have bought, such as invoices and security notices, still reach you."
            ),
            "nb": (
                "Hei!\n\n"
                "Du skrev til {brand}, og vi har gjort som du ba om:\n\n"
                "{changes}\n\n"
                "Meldinger om det du har kjøpt, som fakturaer og sikkerhetsvarsler, får du fortsatt."
            ),
        },
    },
    "access": {
        "name": "What is on record",
        "kinds": ["access"],
        "subject": {
            "en": "What we have on record about you",
            "nb": "Dette har vi registrert om deg",
        },
        "text": {
            "en": (
                "Hello,\n\n"
                "you asked {brand} what we have on record about you.\n\n"
                "Your choices about marketing, and the history of every change, are on your own page. "
                "Ask for a link to it here:\n{page}\n\n"
                "Here is the rest:\n\n"
                "- \n\n"
                "If something is missing or wrong, reply to this message."
            ),
            "nb": (
                "Hei!\n\n"
                "Du spurte {brand} om hva vi har registrert om deg.\n\n"
                "Valgene dine om markedsføring, og historikken over hver endring, finner du på din egen side. "
                "Be om en lenke til den her:\n{page}\n\n"
                "Her er resten:\n\n"
                "- \n\n"
                "Mangler noe, eller er noe galt, kan du svare på denne meldingen."
            ),
        },
    },
    "erasure": {
        "name": "Erased",
        "kinds": ["erasure"],
        "subject": {
            "en": "We have erased your data",
            "nb": "Vi har slettet opplysningene dine",
        },
        "text": {
            "en": (
                "Hello,\n\n"
                "you asked {brand} to erase your data. We have erased your addresses, numbers and details from our "
                "register of choices, and you get no more marketing.\n\n"
                "What stays is a fingerprint of your address that cannot be read, so that nobody brings it back by "
                "mistake, and whatever the law obliges us to keep, such as invoices."
            ),
            "nb": (
                "Hei!\n\n"
                "Du ba {brand} om å slette opplysningene dine. Vi har slettet adresser, numre og andre opplysninger "
                "om deg fra registeret over valg, og du får ikke mer markedsføring.\n\n"
                "Det som blir igjen, er et fingeravtrykk av adressen som ikke kan leses, så ingen tar den inn igjen "
                "ved en feil, og det loven pålegger oss å beholde, som fakturaer."
            ),
        },
    },
    "question": {
        "name": "Please tell us more",
        "kinds": ["unclear"],
        "subject": {
            "en": "What would you like us to do?",
            "nb": "Hva vil du at vi skal gjøre?",
        },
        "text": {
            "en": (
                "Hello,\n\n"
                "thank you for writing to {brand}. We are not sure what you would like us to do. "
                "Please reply in a few words, for example: stop all marketing.\n\n"
                "You can also see and change everything yourself. Ask for a link to your page here:\n{page}"
            ),
            "nb": (
                "Hei!\n\n"
                "Takk for at du skrev til {brand}. Vi er ikke sikre på hva du vil at vi skal gjøre. "
                "Svar gjerne med noen få ord, for eksempel: stopp all markedsføring.\n\n"
                "Du kan også se og endre alt selv. Be om en lenke til siden din her:\n{page}"
            ),
        },
    },
    "start": {
        "name": "How to say yes yourself",
        "kinds": ["start"],
        "subject": {
            "en": "How to get what you asked for",
            "nb": "Slik får du det du ba om",
        },
        "text": {
            "en": (
                "Hello,\n\n"
                "nice that you would like to hear from {brand}. We do not switch anything on because of an e-mail, since "
                "anybody could have sent it. You do it yourself in a minute: ask for a link to your page here, and "
                "choose what you would like to get.\n{page}"
            ),
            "nb": (
                "Hei!\n\n"
                "Hyggelig at du vil høre fra {brand}. Vi slår ikke på noe på grunn av en e-post, for hvem som helst kan "
                "ha sendt den. Du gjør det selv på et minutt: Be om en lenke til siden din her, og velg hva du vil "
                "ha.\n{page}"
            ),
        },
    },
    "not-ours": {
        "name": "Not for us",
        "kinds": [],
        "subject": {
            "en": "Your message to {brand}",
            "nb": "Meldingen din til {brand}",
        },
        "text": {
            "en": (
                "Hello,\n\n"
                "your message reached those who look after choices about marketing, and as far as we can see it is "
                "about something else. We have changed nothing. Please write to customer service instead."
            ),
            "nb": (
                "Hei!\n\n"
                "Meldingen din kom til dem som tar seg av valg om markedsføring, og så vidt vi kan se gjelder den noe "
                "annet. Vi har ikke endret noe. Skriv gjerne til kundeservice i stedet."
            ),
        },
    },
}


def let_groups_at_mail(apps, schema_editor):
    # Permissions otherwise come after the last migration, which is too late for this one.
    preferences = apps.get_app_config("preferences")
    preferences.models_module = True
    create_permissions(preferences, apps=apps, verbosity=0)
    preferences.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="preferences")
    for name, codenames in GROUPS.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*permissions.filter(codename__in=codenames))


def create_templates(apps, schema_editor):
    template = apps.get_model("preferences", "AnswerTemplate")
    # Those that are there already stay as staff have edited them.
    template.objects.bulk_create(
        [template(key=key, position=position, **words) for position, (key, words) in enumerate(TEMPLATES.items())],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    """Support answers what comes in, editors write the templates for it, auditors read both. A new system has texts to
    answer with, and messages are found by their sender and by what became of them."""

    dependencies = [("preferences", "0013_mail")]

    operations = [
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('sender', ''), _negated=True), fields=['sender', '-id'], name='message_by_sender'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['state', '-id'], name='message_by_state'),
        ),
        migrations.RunPython(let_groups_at_mail, migrations.RunPython.noop),
        migrations.RunPython(create_templates, migrations.RunPython.noop),
    ]
