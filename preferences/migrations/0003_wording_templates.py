from django.db import migrations

TEMPLATES = {
    "page": {
        "en": (
            "Here you decide what marketing you get, on which channels, and whether we may tailor it to you. "
            "Where you have said nothing, the law of your country decides. You can change your mind at any time."
        ),
        "nb": (
            "Her bestemmer du hvilken markedsføring du får, i hvilke kanaler, og om vi kan tilpasse den til deg. "
            "Der du ikke har sagt noe, avgjør loven i landet ditt. Du kan ombestemme deg når som helst."
        ),
    },
    "stop_topic": {
        "en": "Stop this: {topic}, from {brand}. Channel: {channel}.",
        "nb": "Stopp dette: {topic}, fra {brand}. Kanal: {channel}.",
    },
    "stop_brand": {
        "en": "Stop all marketing from {brand}, on every channel, topics added later included.",
        "nb": "Stopp all markedsføring fra {brand}, i alle kanaler, også temaer som kommer til senere.",
    },
    "stop_channel": {
        "en": "Stop all marketing on this channel, from every brand: {channel}.",
        "nb": "Stopp all markedsføring i denne kanalen, fra alle merker: {channel}.",
    },
    "stop_all": {
        "en": "Stop all marketing from every brand of the group, on every channel.",
        "nb": "Stopp all markedsføring fra alle merkene i konsernet, i alle kanaler.",
    },
    "stop_profiling": {
        "en": "Refuse every use of your data to tailor marketing to you.",
        "nb": "Si nei til all bruk av opplysningene dine til å tilpasse markedsføring til deg.",
    },
    "service": {
        "en": (
            "Service messages, such as order confirmations, invoices and security notices, still reach you. "
            "They are part of what you have bought and carry no advertising."
        ),
        "nb": (
            "Servicemeldinger, som ordrebekreftelser, fakturaer og sikkerhetsvarsler, får du fortsatt. "
            "De hører til det du har kjøpt, og inneholder ikke reklame."
        ),
    },
}


def create_templates(apps, schema_editor):
    template = apps.get_model("preferences", "WordingTemplate")
    template.objects.bulk_create(template(key=key, text=text) for key, text in TEMPLATES.items())


class Migration(migrations.Migration):
    """A new system has words to show; staff edit them from here on."""

    dependencies = [("preferences", "0002_append_only")]

    operations = [migrations.RunPython(create_templates, migrations.RunPython.noop)]
