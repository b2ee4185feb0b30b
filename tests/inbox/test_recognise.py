"""What people write, in ten languages: what is sure, what is not, and what else they may want."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.enums import MessageKind
from preferences.inbox.read_phrases import PHRASES_FILE, read_phrases
from preferences.inbox.recognise import Recognised, recognise
from preferences.rules.read import RulesInvalid

STOP, PROFILING, START = MessageKind.STOP, MessageKind.PROFILING, MessageKind.START
ACCESS, ERASURE, UNCLEAR = MessageKind.ACCESS, MessageKind.ERASURE, MessageKind.UNCLEAR


# Those who sign below.
PEOPLE = ["Mary Poole", "Jean", "Ole Nordmann", "Hans Meier", "Jane Doe"]


def read(text: str, *, subject: str = "Re: Summer offers") -> Recognised:
    return recognise(subject=subject, text=text, known=PEOPLE)


SURE = {
    "en": [
        "unsubscribe",
        "STOP",
        "Unsubcribe",
        "please remove me from your mailing list",
        "take me off this list",
        "I don't want your newsletter any more",
        "I dont want any more emails from you!!!",
        "Remove me from your list",
        "Could you please unsubscribe me?",
        "Stop sending me this crap",
        "I no longer wish to receive marketing emails.",
        "I object to the use of my personal data for direct marketing purposes (Art. 21 GDPR).",
        "Hi,\nplease take my address off your list.\nThanks,\nMary Poole",
        "STOP SPAMMING ME",
        "I never signed up for this. Unsubscribe me at once.",
        "Do not contact me again.",
        "Please cancel my newsletter subscription",
    ],
    "nb": [
        "Meld meg av",
        "avmelding",
        "nei takk til reklame",
        "Fjern meg fra listen",
        "Slett meg fra e-postlisten deres, takk",
        "Jeg ønsker ikke lenger å motta nyhetsbrev fra dere. Mvh Ole Nordmann",
        "Jeg vil ikke ha mer reklame",
        "Slutt å sende meg e-post!",
        "Kan dere være så snille å melde meg av nyhetsbrevet?",
        "stopp nyhetsbrevet",
        "Jeg oensker ikke flere eposter fra dere",
        "Ingen flere nyhetsbrev, takk",
        "Jeg reserverer meg mot markedsføring",
    ],
    "sv": [
        "Avregistrera mig",
        "avprenumerera",
        "Ta bort mig från er lista",
        "Jag vill inte ha fler nyhetsbrev",
        "Sluta skicka reklam till mig",
        "Sluta skicka mail",
        "Nej tack till reklam",
        "Avanmälan",
        "Vänligen ta bort min e-postadress från sändlistan",
        "Inga fler mejl tack!",
        "Jag motsätter mig direktmarknadsföring",
        "Kan ni avregistrera mig?",
        "vill ej ha reklam",
    ],
    "da": [
        "Framelding",
        "Afmeld mig",
        "Afmeld mig venligst nyhedsbrevet",
        "Jeg vil ikke have flere mails fra jer",
        "Fjern mig fra jeres mailliste",
        "Stop med at sende mig reklamer",
        "Nej tak til reklame",
        "Jeg ønsker ikke at modtage jeres nyhedsbrev",
        "Slet mig fra listen",
        "Send mig ikke flere nyhedsbreve",
        "Jeg gør indsigelse mod direkte markedsføring",
        "Kan I afmelde mig?",
        "Jeg oensker ikke reklame",
    ],
    "fi": [
        "Poista minut listalta",
        "Poistakaa minut postituslistalta, kiitos",
        "Peruuta uutiskirje",
        "En halua enää mainoksia",
        "En halua uutiskirjettä",
        "Lopettakaa mainosten lähettäminen",
        "Älkää lähettäkö minulle mainoksia",
        "Kiellän suoramarkkinoinnin",
        "Ei enää mainoksia, kiitos",
        "Voisitteko poistaa minut listalta?",
        "Haluan perua uutiskirjeen",
        "En halua enaa sahkoposteja",
        "suoramarkkinointikielto",
    ],
    "nl": [
        "Ik wil geen reclame meer",
        "Uitschrijven",
        "Schrijf mij uit",
        "Graag afmelden voor de nieuwsbrief",
        "Meld me af",
        "Haal mij van de lijst",
        "Verwijder mij uit uw mailinglijst aub",
        "Stop met mailen",
        "Stuur mij geen mails meer",
        "Ik maak bezwaar tegen direct marketing",
        "Kunt u mij uitschrijven?",
        "Ik wil de nieuwsbrief niet meer ontvangen",
        "Geen nieuwsbrief meer aub",
    ],
    "de": [
        "Abmelden",
        "Bitte keine Werbung mehr",
        "Ich widerspreche der Nutzung meiner Daten zu Werbezwecken",
        "Bitte melden Sie mich vom Newsletter ab",
        "Bitte löschen Sie meine E-Mail-Adresse aus Ihrem Verteiler.",
        "bitte loeschen sie mich aus dem verteiler",
        "Nehmt mich aus dem Verteiler!",
        "Ich möchte keine Newsletter mehr erhalten. Mit freundlichen Grüßen\nHans Meier",
        "Schicken Sie mir keine E-Mails mehr",
        "Newsletter abbestellen",
        "Senden Sie mir keine Werbung mehr!",
        "Tragen Sie mich bitte aus",
        "Könnten Sie mich bitte aus der Liste entfernen?",
        "Ich moechte den Newsletter nicht mehr bekommen",
    ],
    "fr": [
        "désinscrivez-moi",
        "desabonnement",
        "Je ne souhaite plus recevoir vos e-mails. Merci de me désabonner.",
        "Merci de me retirer de votre liste",
        "Je veux plus recevoir vos pubs",
        "Arrêtez de m'envoyer des mails",
        "Ne m'envoyez plus de publicité",
        "Je m'oppose à la prospection commerciale",
        "Pouvez-vous me désinscrire svp ?",
        "Veuillez supprimer mon adresse de votre liste de diffusion",
        "STOP PUB",
        "Bonjour, merci de me désinscrire de votre newsletter. Cordialement, Jean",
        "Désabonnez moi de cette newsletter",
    ],
    "es": [
        "Quiero darme de baja",
        "baja",
        "Denme de baja de la lista",
        "No quiero recibir más correos",
        "Dejen de enviarme publicidad",
        "No me envíen más correos por favor",
        "Solicito la baja del boletín",
        "Me opongo al tratamiento de mis datos con fines de marketing",
        "Quítenme de su lista",
        "¿Podrían darme de baja?",
        "Cancelar boletín",
        "no deseo recibir mas publicidad",
        "Eliminen mi correo de su lista de distribución",
    ],
    "pl": [
        "Proszę o wypisanie z listy",
        "Wypiszcie mnie",
        "wypisz mnie z newslettera",
        "Nie chcę otrzymywać reklam",
        "Rezygnuję z newslettera",
        "Proszę usunąć mnie z listy mailingowej",
        "Proszę nie wysyłać mi więcej maili",
        "Przestańcie wysyłać mi reklamy",
        "Sprzeciwiam się marketingowi bezpośredniemu",
        "Nie życzę sobie reklam",
        "prosze o usuniecie mojego adresu z listy",
        "Chcę się wypisać",
        "Wycofuję zgodę na marketing",
    ],
}

TRAPS = {
    "en": [
        "Why did you stop sending me the newsletter?",
        "don't unsubscribe me",
        "I did not unsubscribe",
        "please stop the delivery of order 5",
        "cancel my subscription",
        "how do I unsubscribe?",
        "my colleague Ole wants to be unsubscribed",
        "unsubscribe ole@example.com",
        "stop calling me",
        "no more SMS",
        "unsubscribe me from the events but keep the newsletter",
        "unsubscribe me from the events",
        "stop by our stand",
        "Please unsubscribe me. Also, where is my invoice?",
        "Unsubscribe me. Thanks. Please also cancel the order 5.",
        "Never stop sending me your newsletter!",
        'He wrote "unsubscribe me".',
        "If you do not answer, unsubscribe me",
        "Please do not\nunsubscribe me",
        "Please unsubscribe Kari",
        "Stop sending me the newsletter for a month",
        "remove me from the list of all your companies except one",
        "unsubscribe me und bitte den Katalog schicken",
        "unsubscribe me\n\nPS: keep the product news",
        "No thanks",
        "The new unsubscribe button looks great",
        "Oh sure, unsubscribe me, said nobody",
    ],
    "nb": [
        "Hvordan melder jeg meg av?",
        "Ikke meld meg av",
        "Jeg vil ikke miste nyhetsbrevet",
        "Kollegaen min vil avmeldes",
        "Slutt å ringe meg",
        "Si opp abonnementet mitt",
        "Meld meg av kurset",
        "Meld meg av arrangementer, men behold nyhetsbrevet",
        "Stopp leveringen av ordre 5",
    ],
    "sv": [
        "Hur avregistrerar jag mig?",
        "Avregistrera mig inte",
        "Min kollega vill avregistreras",
        "Sluta ringa mig",
        "Säg upp mitt abonnemang",
        "Avregistrera mig från evenemang men behåll nyhetsbrevet",
        "Stoppa leveransen",
        "Varför har ni slutat skicka nyhetsbrevet?",
    ],
    "da": [
        "Hvordan afmelder jeg mig?",
        "Afmeld mig ikke",
        "Min kollega vil gerne afmeldes",
        "Stop med at ringe",
        "Opsig mit abonnement",
        "Afmeld mig kurser, men behold nyhedsbrevet",
        "Stop leveringen af ordre 5",
        "Hvorfor har I afmeldt mig?",
    ],
    "fi": [
        "Miten perun uutiskirjeen?",
        "Älkää poistako minua listalta",
        "Kollegani haluaa pois listalta",
        "Lopettakaa soittaminen",
        "Peruuta tilaukseni",
        "Poista minut tapahtumista mutta jätä uutiskirje",
        "Pysäyttäkää toimitus",
        "Miksi uutiskirje on loppunut?",
    ],
    "nl": [
        "Hoe kan ik mij uitschrijven?",
        "Schrijf mij niet uit",
        "Mijn collega wil zich afmelden",
        "Stop met bellen",
        "Zeg mijn abonnement op",
        "Schrijf mij uit voor evenementen maar niet voor de nieuwsbrief",
        "Stop de levering van bestelling 5",
        "Waarom krijg ik geen nieuwsbrief meer?",
    ],
    "de": [
        "Wie kann ich mich abmelden?",
        "Bitte melden Sie mich nicht ab",
        "Mein Kollege möchte sich abmelden",
        "Rufen Sie mich nicht mehr an",
        "Hiermit kündige ich meinen Vertrag",
        "Kündigung meines Abonnements",
        "Bitte nur vom Veranstaltungsnewsletter abmelden",
        "Warum bekomme ich keinen Newsletter mehr?",
        "Stoppen Sie die Lieferung",
    ],
    "fr": [
        "Comment me désabonner ?",
        "Ne me désabonnez pas",
        "Mon collègue veut se désabonner",
        "Arrêtez de m'appeler",
        "Je veux résilier mon contrat",
        "Désinscrivez-moi des événements mais gardez la newsletter",
        "Arrêtez la livraison de ma commande",
        "Pourquoi je ne reçois plus la newsletter ?",
    ],
    "es": [
        "¿Cómo puedo darme de baja?",
        "No me den de baja",
        "Mi compañero quiere darse de baja",
        "Dejen de llamarme",
        "Quiero dar de baja mi contrato",
        "Denme de baja de los eventos pero no del boletín",
        "Cancelar mi suscripción",
        "¿Por qué ya no recibo el boletín?",
    ],
    "pl": [
        "Jak mogę się wypisać?",
        "Nie wypisujcie mnie",
        "Mój kolega chce się wypisać",
        "Przestańcie do mnie dzwonić",
        "Wypowiadam umowę",
        "Proszę anulować subskrypcję",
        "Wypiszcie mnie z wydarzeń, ale zostawcie newsletter",
        "Dlaczego nie dostaję newslettera?",
    ],
}

# Explained like a plain request, but what is explained turns, limits, postpones or redirects it.
TURNED = {
    "en": [
        "I have enjoyed reading it, but my work changes next year. Please unsubscribe me then.",
        "I enjoy your product news, but the event mails are too many. Please unsubscribe me.",
        "I like the monthly one, but the weekly one is too much. Please remove me from your mailing list.",
        "I have enjoyed reading it, but my colleague has not. Please unsubscribe me.",
        "My work has changed, but I still like one of them. Please unsubscribe me.",
        "I have changed jobs, but my new company wants to read it. Please unsubscribe me.",
        "I have enjoyed it, but I have moved to another address. Please unsubscribe me.",
        "I have enjoyed it, but my new address is the right one now. Please unsubscribe me.",
        "I enjoyed reading it, but once a quarter is enough. Please unsubscribe me.",
        "I have enjoyed reading it, but by post is better. Please unsubscribe me.",
        "I have enjoyed reading it, but my contract has changed. Please unsubscribe me.",
        "I was told to answer with the word below, but I want to stay.\nUnsubscribe",
        "You wrote that I should answer with this word, but I like reading it.\nUnsubscribe",
        "I asked you to take me off, but now I regret it.\nPlease unsubscribe me.",
        "Please unsubscribe me. But wait, I have changed my mind.",
        "Please unsubscribe me. Just kidding, I love it.",
        "Please unsubscribe me. No wait.",
        "Please unsubscribe me. On second thought, I like it.",
        "Please unsubscribe me. I have left, but I will be back soon.",
        "Please unsubscribe me. But I would like to go on reading it.",
        "I have enjoyed reading it, but it is not me who wants to go. Please unsubscribe me.",
        "I have read it with pleasure, but the Swedish one is enough. Please unsubscribe me.",
        "Thank you for the newsletter, but I would like the offers. Please unsubscribe me.",
        "Thank you for the newsletter, but I get too many emails about events. Please unsubscribe me.",
        "Thank you for your emails, but I no longer have time for the weekly ones. Please unsubscribe me.",
        "Thank you for the newsletter, but I no longer have time to read it this week. Please unsubscribe me.",
        "Thank you for your emails, but my colleague no longer has time to read them. Please unsubscribe me.",
        "Thank you for your emails, but I have no time before Christmas. Please unsubscribe me.",
        "Thank you for your emails, but I have no time now, but I will have. Please unsubscribe me.",
        "Thank you for your emails, but I have moved to ole@example.com. Please unsubscribe me.",
        "Thank you for your emails, but I have changed jobs. Please unsubscribe me and add my new one.",
        "Thank you for your emails, but I retire in May. Please unsubscribe me then.",
        "Thank you for your emails, but I no longer have time. Please unsubscribe me from the Swedish one.",
        "Thank you for your emails, but I no longer have time. Unsubscribe me for a year.",
        "Thank you for your emails, but I no longer have time. How do I unsubscribe?",
        "Thank you for your emails, but I no longer have time. Please unsubscribe Kari.",
        "Thank you for your emails, but I did not ask to be removed. Please unsubscribe me was a mistake.",
        "I have enjoyed your emails, but never the offers. Please unsubscribe me.",
        "Ole has changed jobs. Please unsubscribe him.",
        "It is for all of us, but I no longer need it. Please unsubscribe me.",
        "I have enjoyed reading it in Swedish. But I no longer have the time. Please unsubscribe me.",
        "Unsubscribe me. Forget it.",
        "Unsubscribe me. Never mind.",
        "Unsubscribe me. I take it back.",
        "Unsubscribe me. Ha ha.",
        "Unsubscribe me. No, please go on sending it.",
        "Unsubscribe me. No, please send more.",
        "Unsubscribe me. I want more emails.",
        "Unsubscribe me. Please send me more.",
        "Unsubscribe me. I would be grateful if you could send me more.",
        "Unsubscribe me. Could you send me the offers by e-mail?",
        "Unsubscribe me. Actually no.",
        "Unsubscribe me. Sorry, I meant another company.",
        "Unsubscribe me. Sorry, that was not for you.",
        "Unsubscribe me. I have enjoyed reading it and want to read more.",
        "Unsubscribe me. I have enjoyed reading it, but I want more of it.",
        "I have enjoyed reading it. But no more than that. Unsubscribe me from it, not from all.",
        "Please unsubscribe me. The newsletter is great and I enjoy reading it.",
        "Please unsubscribe me. It is great and I am glad to get it.",
        "Unsubscribe me. Please do the same for Kari.",
        "Unsubscribe me as in the screenshot attached.",
        "Unsubscribe me. I would appreciate it if you could keep sending the offers.",
        "I would be grateful if you would not unsubscribe me.",
        "Thank you for the newsletters, but my successor needs them. Unsubscribe me.",
    ],
    "nb": [
        "Jeg har likt å lese det, men jobben min endrer seg til våren. Meld meg av da.",
        "Jeg leser gjerne produktnyhetene, men invitasjonene er for mange. Meld meg av.",
        "Jeg har likt det, men en gang i kvartalet er nok. Meld meg av nyhetsbrevet.",
        "Jeg har likt det, men naboen min vil ut. Meld meg av.",
        "Jeg har sluttet i firmaet, men den nye adressen min er riktig. Meld meg av.",
        "Meld meg av. Men vent, jeg har ombestemt meg.",
        "Meld meg av. Jeg bare tuller.",
        "Jeg fikk beskjed om å svare med dette ordet, men jeg vil bli.\nMeld meg av",
        "Jeg ba om å bli avmeldt, men nå angrer jeg. Meld meg av.",
        "Jeg har likt det, men på svensk er det nok. Meld meg av nyhetsbrevet.",
        "Takk for nyhetsbrevet, men jeg får for mange mailer om kurs. Meld meg av.",
        "Takk for nyhetsbrevet, men jeg har ikke tid før jul. Meld meg av.",
        "Takk for alle tilbudene, men jeg har ikke lenger tid. Meld av Kari.",
        "Takk for nyhetsbrevet, men jeg har ikke tid til det ukentlige. Meld meg av.",
        "Jeg har byttet jobb. Meld meg av og meld på den nye adressen min.",
        "Meld meg av. Glem det.",
        "Meld meg av. Nei, send mer.",
        "Meld meg av. Send meg heller flere tilbud.",
        "Meld meg av. Beklager, det var til et annet firma.",
        "Meld meg av. Jeg vil ha mer.",
        "Meld meg av. Jeg er glad i nyhetsbrevet.",
        "Takk for nyhetsbrevet, men jeg vil ikke melde meg av.",
        "Jeg setter pris på tilbudene, men ikke på nyhetsbrevet. Meld meg av.",
        "Jeg har byttet jobb. Meld meg av på den gamle adressen.",
    ],
    "sv": [
        "Jag har tyckt om att läsa det, men jobbet ändras till våren. Avregistrera mig då.",
        "Jag läser gärna produktnyheterna, men inbjudningarna är för många. Avregistrera mig.",
        "Jag har tyckt om det, men en gång i kvartalet räcker. Avregistrera mig.",
        "Jag har tyckt om det, men min granne vill bort. Avregistrera mig.",
        "Jag har bytt jobb, men min nya adress stämmer. Avregistrera mig.",
        "Avregistrera mig. Men vänta, jag har ändrat mig.",
        "Avregistrera mig. Jag bara skojar.",
        "Jag ombads svara med det här ordet, men jag vill stanna.\nAvregistrera mig",
        "Jag bad er ta bort mig, men nu ångrar jag mig. Avregistrera mig.",
        "Tack för nyhetsbrevet, men jag får för många mejl om kurser. Avregistrera mig.",
        "Tack för nyhetsbrevet, men jag hinner inte läsa det före jul. Avregistrera mig.",
        "Tack för nyhetsbrevet, men jag har inte tid för det veckovisa. Avregistrera mig.",
        "Vi har flyttat. Avregistrera mig från den gamla adressen och lägg till den nya.",
        "Avregistrera mig. Glöm det.",
        "Avregistrera mig. Nej, skicka mer.",
        "Avregistrera mig. Jag vill ha mer.",
        "Tack för nyhetsbrevet, men jag vill inte avregistreras.",
        "Nej, jag vill ha nyhetsbrev.",
    ],
    "da": [
        "Jeg har været glad for at læse det, men mit arbejde ændrer sig til foråret. Afmeld mig til den tid.",
        "Jeg læser gerne produktnyhederne, men invitationerne er for mange. Afmeld mig.",
        "Jeg har været glad for det, men en gang i kvartalet er nok. Afmeld mig.",
        "Jeg har været glad for det, men min nabo vil ud. Afmeld mig.",
        "Jeg har skiftet job, men min nye adresse er rigtig. Afmeld mig.",
        "Afmeld mig. Men vent, jeg har ombestemt mig.",
        "Afmeld mig. Det var bare for sjov.",
        "Jeg fik at vide at jeg skulle svare med dette ord, men jeg vil blive.\nAfmeld mig",
        "Jeg bad om at blive afmeldt, men nu fortryder jeg. Afmeld mig.",
        "Tak for nyhedsbrevet, men jeg får for mange mails om kurser. Afmeld mig.",
        "Tak for nyhedsbrevet, men jeg har ikke tid før jul. Afmeld mig.",
        "Tak for nyhedsbrevet, men jeg når ikke at læse det ugentlige. Afmeld mig.",
        "Jeg har skiftet job. Afmeld mig og tilmeld min nye adresse.",
        "Afmeld mig. Glem det.",
        "Afmeld mig. Nej, send mere.",
        "Afmeld mig. Jeg vil have mere.",
        "Tak for nyhedsbrevet, men jeg vil ikke afmeldes.",
    ],
    "fi": [
        "Olen lukenut sitä mielelläni, mutta työni muuttuu keväällä. Poistakaa minut listalta silloin.",
        "Luen mielelläni tuoteuutisia, mutta kutsuja on liikaa. Poistakaa minut listalta.",
        "Olen pitänyt siitä, mutta kerran vuodessa riittää. Poistakaa minut listalta.",
        "Olen pitänyt siitä, mutta naapurini haluaa pois. Poistakaa minut listalta.",
        "Olen vaihtanut työpaikkaa, mutta uusi osoitteeni toimii. Poistakaa minut listalta.",
        "Poistakaa minut listalta. Mutta hetkinen, muutin mieleni.",
        "Poistakaa minut listalta. Pilailen vain.",
        "Minua pyydettiin vastaamaan tällä sanalla, mutta haluan jäädä.\nPoistakaa minut listalta",
        "Pyysin poistamaan minut, mutta nyt kadun sitä. Poistakaa minut listalta.",
        "Kiitos uutiskirjeistä, mutta saan liikaa viestejä kursseista. Poistakaa minut listalta.",
        "Kiitos uutiskirjeistä, mutta en ehdi lukea niitä ennen joulua. Poistakaa minut listalta.",
        "Kiitos uutiskirjeistä, mutta en ehdi lukea viikoittaista. Poistakaa minut listalta.",
        "Olen vaihtanut työpaikkaa. Poistakaa minut listalta ja lisätkää uusi osoitteeni.",
        "Poistakaa minut listalta. Unohtakaa tämä.",
        "Poistakaa minut listalta. Ei, lähettäkää lisää.",
        "Poistakaa minut listalta. Haluan lisää.",
        "Kiitos uutiskirjeistä, mutta en halua pois listalta.",
        "Ei, haluan mainoksia.",
    ],
    "nl": [
        "Ik heb hem graag gelezen, maar mijn werk verandert in het voorjaar. Schrijf mij dan uit.",
        "Ik lees graag het productnieuws, maar de uitnodigingen zijn te veel. Schrijf mij uit.",
        "Ik heb hem graag gelezen, maar een keer per kwartaal is genoeg. Schrijf mij uit.",
        "Ik heb hem graag gelezen, maar mijn buurman wil eraf. Schrijf mij uit.",
        "Ik ben van baan veranderd, maar mijn nieuwe adres klopt. Schrijf mij uit.",
        "Schrijf mij uit. Maar wacht, ik heb mij bedacht.",
        "Schrijf mij uit. Het was maar een grapje.",
        "Mij is gezegd met dit woord te antwoorden, maar ik wil blijven.\nSchrijf mij uit",
        "Ik vroeg om uitschrijving, maar nu heb ik spijt. Schrijf mij uit.",
        "Bedankt voor de nieuwsbrief, maar ik krijg te veel mails over cursussen. Schrijf mij uit.",
        "Bedankt voor de nieuwsbrief, maar ik heb geen tijd voor kerst. Schrijf mij uit.",
        "Bedankt voor de nieuwsbrief, maar ik heb geen tijd voor de wekelijkse. Schrijf mij uit.",
        "Ik ben van baan veranderd. Schrijf mij uit en voeg mijn nieuwe adres toe.",
        "Schrijf mij uit. Vergeet het.",
        "Schrijf mij uit. Nee, stuur meer.",
        "Schrijf mij uit. Ik wil meer.",
        "Ik ontvang de nieuwsbrief al een tijdje, maar nu krijg ik er twee. Schrijf mij uit voor de tweede.",
        "Bedankt voor de nieuwsbrief, maar ik wil mij niet uitschrijven.",
    ],
    "de": [
        "Ich habe ihn gern gelesen, aber meine Arbeit ändert sich im Frühjahr. Bitte melden Sie mich dann ab.",
        "Ich lese die Produktnachrichten gern, aber die Einladungen sind mir zu viel. Bitte melden Sie mich ab.",
        "Ich habe ihn gern gelesen, aber einmal im Quartal reicht. Bitte melden Sie mich ab.",
        "Ich habe ihn gern gelesen, aber mein Nachbar will raus. Bitte melden Sie mich ab.",
        "Ich habe die Stelle gewechselt, aber meine neue Adresse stimmt. Bitte melden Sie mich ab.",
        "Ich habe ihn gern gelesen, aber mein Vertrag läuft aus. Bitte melden Sie mich ab.",
        "Bitte melden Sie mich ab. Aber halt, ich habe es mir anders überlegt.",
        "Bitte melden Sie mich ab. Das war ein Scherz.",
        "Man bat mich, mit diesem Wort zu antworten, aber ich möchte bleiben.\nAbmelden",
        "Ich bat um Abmeldung, aber jetzt bereue ich es. Bitte melden Sie mich ab.",
        "Danke für den Newsletter, aber ich bekomme zu viele Mails über Kurse. Bitte melden Sie mich ab.",
        "Danke für den Newsletter, aber ich habe keine Zeit vor Weihnachten. Bitte melden Sie mich ab.",
        "Danke für den Newsletter, aber ich habe keine Zeit für den wöchentlichen. Bitte melden Sie mich ab.",
        "Ich habe den Job gewechselt. Bitte melden Sie mich ab und nehmen Sie meine neue Adresse auf.",
        "Bitte melden Sie mich ab. Vergessen Sie es.",
        "Bitte melden Sie mich ab. Nein, schicken Sie mehr.",
        "Bitte melden Sie mich ab. Ich möchte mehr.",
        "Danke für den Newsletter, aber keine Werbung mehr. Nur den Newsletter bitte.",
        "Bitte melden Sie mich ab. Ich lese ihn gern.",
    ],
    "fr": [
        "Je la lisais avec plaisir, mais mon travail change au printemps. Merci de me désabonner à ce moment.",
        "Je lis volontiers les nouveautés, mais les invitations sont trop nombreuses. Merci de me désabonner.",
        "Je la lisais avec plaisir, mais une fois par trimestre suffit. Merci de me désabonner.",
        "Je la lis avec plaisir, mais mon voisin veut partir. Merci de me désabonner.",
        "J'ai changé de travail, mais ma nouvelle adresse est la bonne. Merci de me désabonner.",
        "Merci de me désabonner. Mais attendez, j'ai changé d'avis.",
        "Merci de me désabonner. Je plaisante.",
        "On m'a demandé de répondre avec ce mot, mais je veux rester.\nDésabonnement",
        "J'ai demandé à partir, mais maintenant je regrette. Merci de me désabonner.",
        "Merci pour la newsletter, mais je reçois trop de mails sur les cours. Merci de me désabonner.",
        "Merci pour la newsletter, mais je n'ai pas le temps avant Noël. Merci de me désabonner.",
        "Merci pour la newsletter, mais je n'ai plus le temps de lire l'hebdomadaire. Merci de me désabonner.",
        "J'ai changé de travail. Merci de me désabonner et d'ajouter ma nouvelle adresse.",
        "Désabonnez-moi. Oubliez ça.",
        "Désabonnez-moi. Non, envoyez-en plus.",
        "Désabonnez-moi. Je veux en recevoir plus.",
        "Désabonnez-moi. Je lis la newsletter avec plaisir.",
        "Merci pour la newsletter, mais je ne veux pas me désabonner.",
    ],
    "es": [
        "Lo leía con gusto, pero mi trabajo cambia en primavera. Denme de baja entonces.",
        "Leo con gusto las novedades, pero las invitaciones son demasiadas. Denme de baja.",
        "Lo leía con gusto, pero una vez por trimestre basta. Denme de baja de la lista.",
        "Lo leo con gusto, pero mi vecino quiere salir. Denme de baja.",
        "He cambiado de empresa, pero mi nueva dirección es la correcta. Denme de baja.",
        "Denme de baja. Pero esperen, he cambiado de opinión.",
        "Denme de baja. Es broma.",
        "Me han dicho que responda con esta palabra, pero quiero seguir.\nBaja",
        "Pedí la baja, pero ahora me arrepiento. Denme de baja.",
        "Gracias por el boletín, pero recibo demasiados correos sobre cursos. Denme de baja.",
        "Gracias por el boletín, pero no tengo tiempo antes de Navidad. Denme de baja.",
        "Gracias por el boletín, pero ya no tengo tiempo para el semanal. Denme de baja.",
        "He cambiado de trabajo. Denme de baja y añadan mi nueva dirección.",
        "Denme de baja. Olvídenlo.",
        "Denme de baja. No, envíen más.",
        "Denme de baja. Quiero más.",
        "Denme de baja. Quiero correos sin publicidad.",
        "Gracias por el boletín, pero no quiero darme de baja.",
        "No, envíenme más publicidad.",
    ],
    "pl": [
        "Czytałem go z przyjemnością, ale wiosną zmienia się moja praca. Proszę mnie wtedy wypisać.",
        "Chętnie czytam nowości, ale zaproszeń jest za dużo. Wypiszcie mnie.",
        "Czytałem go z przyjemnością, ale raz na kwartał wystarczy. Wypiszcie mnie.",
        "Czytam go z przyjemnością, ale mój sąsiad chce odejść. Wypiszcie mnie.",
        "Zmieniłem firmę, ale mój nowy adres jest właściwy. Wypiszcie mnie.",
        "Wypiszcie mnie. Ale chwileczkę, zmieniłem zdanie.",
        "Wypiszcie mnie. Tylko żartuję.",
        "Kazano mi odpisać tym słowem, ale chcę zostać.\nWypiszcie mnie",
        "Prosiłem o wypisanie, ale teraz żałuję. Wypiszcie mnie.",
        "Dziękuję za newsletter, ale dostaję za dużo maili o szkoleniach. Wypiszcie mnie.",
        "Dziękuję za newsletter, ale nie mam czasu przed świętami. Wypiszcie mnie.",
        "Dziękuję za newsletter, ale nie mam już czasu na tygodniowy. Wypiszcie mnie.",
        "Zmieniłem pracę. Wypiszcie mnie i dopiszcie mój nowy adres.",
        "Wypiszcie mnie. Zapomnijcie o tym.",
        "Wypiszcie mnie. Nie, wysyłajcie więcej.",
        "Wypiszcie mnie. Chcę więcej.",
        "Dziękuję za newsletter, ale nie chcę się wypisać.",
        "Nie, chcę otrzymywać reklamy.",
    ],
}

# Praise and reasons beside a plain request.
POLITE = {
    "en": [
        "Thanks for the interesting newsletters. I no longer have time to read them. Please unsubscribe me.",
        "Hello,\n\nI have changed jobs. Could you please take me off the list?\n\nYours sincerely,\nJane Doe",
    ],
    "nb": [
        "Hei,\n\njeg har byttet jobb. Vennligst meld meg av.\n\nMed vennlig hilsen\nOle Nordmann",
        "Takk for alle tilbudene gjennom årene. Jeg har nå blitt pensjonist. Fjern meg fra listen.",
    ],
    "sv": ["Hej!\n\nJag har gått i pension. Vänligen avregistrera mig.\n\nHälsningar\nOle Nordmann"],
    "da": ["Hej,\n\nJeg er gået på pension. Afmeld mig venligst.\n\nVh Ole Nordmann"],
    "fi": ["Olen jäänyt eläkkeelle. Voisitteko poistaa minut postituslistalta?"],
    "nl": [
        "Beste mensen,\n\nIk ben met pensioen. Graag mij uitschrijven voor de nieuwsbrief. Alvast bedankt!"
    ],
    "de": [
        "Guten Tag,\n\nich bin inzwischen in Rente. Bitte nehmen Sie mich aus dem Verteiler.\n\nMfG\nHans Meier"
    ],
    "fr": ["Je suis à la retraite. Merci de me retirer de votre liste."],
    "es": ["Buenos días:\n\nhe cambiado de trabajo. Por favor, denme de baja.\n\nUn saludo"],
    "pl": ["Przeszedłem na emeryturę. Proszę o usunięcie mnie z listy mailingowej. Dziękuję"],
}

# About getting none, about getting another, relief, and what is taken back.
UNSURE = {
    "en": [
        "I do not receive your newsletter.",
        "I no longer receive your newsletter.",
        "I get no newsletter anymore.",
        "No newsletter today.",
        "No mail from you today. Please send it again.",
        "You never send me newsletters.",
        "You don't send me the newsletter anymore.",
        "Stop emailing me at this address. Use my new address.",
        "I want to be removed from the first list",
        "Unsubscribe me from the company newsletter",
        "Please take me off the list for today",
        "Please stop emails at the moment.",
        "Finally no more spam. Thank you",
        "Finally no marketing emails anymore, thanks!",
        "Your newsletter is marked as spam. Please stop this.",
        "Thank you, no more.",
        "Thanks!\n\nUnsubscribe",
        "Great!\n\nunsubscribe",
        "Hello Kari,\n\nUnsubscribe",
        "No more spam",
        "No more newsletters",
        "No emails since Monday",
        "Unsubscribe me?",
        "Unsubscribe me :)",
        "Unsubscribe me (just kidding)",
        "[Unsubscribe]",
        "No, more newsletters please",
        "Stop, I like it",
        "Don't stop sending me the newsletter",
        "Stop sending me the newsletter twice",
        "Stop sending me the newsletter at work",
        "Unsubscribe me from the list I was added to yesterday",
        "Unsubscribe me until March",
        "Unsubscribe me\nJoking",
        "Unsubscribe me\n\nThanks\nJust Kidding",
        "Unsubscribe me.\n\nNot Ole",
        "Please unsubscribe\nKari Nordmann",
        "Please unsubscribe me.\nPlease unsubscribe my wife.",
        "I was unsubscribed",
        "Unsubscribed",
        "Stop the crap",
        "Will you stop sending me the newsletter?",
        "Unsubscribed by mistake",
        "Do not contact me by phone again",
        "I wish to unsubscribe my dog",
        "Could you not unsubscribe me",
        "Could you tell me how to unsubscribe me?",
        "Please unsubscribe me after the sale.",
        "He wants to unsubscribe",
        "They told me to write: unsubscribe me",
        "Please unsubscribe me from marketing but not the newsletter",
        "Unsubscribe me. Thanks. Send it to my new address.",
        "Unsubscribe me from Acme and add me to Nordlys",
    ],
    "nb": [
        "Ingen nyhetsbrev i dag",
        "Ingen e-post fra dere",
        "Jeg mottar ikke nyhetsbrevet lenger.",
        "Jeg får ikke nyhetsbrev fra dere.",
        "Dere sender ikke nyhetsbrev mer",
        "Vil dere slutte å sende meg nyhetsbrev?",
        "Endelig slutt på reklamen, takk!",
        "Ingen reklame takk, nyhetsbrev gjerne",
        "Stopp reklamen. Nyhetsbrevet ja takk.",
        "Meld meg av den første listen",
        "Meld meg av i dag, og på igjen i morgen",
        "Slutt å sende meg nyhetsbrev på denne adressen",
        "Takk!\n\nAvmelding",
        "Meld meg av. Nei.",
        "Meld meg av\n\nVennlig hilsen ikke",
        "Jeg vil ikke ha flere nyhetsbrev enn før",
    ],
    "sv": [
        "Jag får inget nyhetsbrev längre.",
        "Jag får inte era mejl.",
        "Ni skickar inga nyhetsbrev längre",
        "Inget nyhetsbrev idag",
        "Inga mejl från er",
        "Äntligen ingen reklam längre, tack!",
        "Ingen reklam tack, nyhetsbrevet gärna",
        "Sluta skicka reklam. Nyhetsbrevet är bra.",
        "Ta bort mig från den första listan",
        "Sluta mejla mig på den här adressen",
        "Avregistrera mig den här veckan",
        "Tack!\n\nAvregistrera",
        "Avregistrera mig. Nej vänta.",
        "Jag vill inte ha fler nyhetsbrev än nu",
    ],
    "da": [
        "Jeg modtager ingen nyhedsbreve fra jer længere",
        "Ingen reklame tak, nyhedsbrevet er godt",
        "Jeg får ikke jeres nyhedsbrev.",
        "I sender ikke nyhedsbreve mere",
        "Intet nyhedsbrev i dag",
        "Endelig ingen reklamer mere, tak",
        "Stop reklamerne, nyhedsbrevet ja tak",
        "Afmeld mig den første liste",
        "Afmeld mig i dag",
        "Tak!\n\nAfmelding",
        "Afmeld mig. Nej, alligevel ikke.",
        "Stop med at sende mig reklamer på denne adresse",
        "Send mig ikke flere nyhedsbreve end nu",
    ],
    "fi": [
        "Ei postia teiltä",
        "Ei mainoksia, kiitos uutiskirjeestä",
        "En saa uutiskirjettänne enää.",
        "Ette lähetä uutiskirjettä enää",
        "Ei uutiskirjettä tänään",
        "Vihdoinkaan ei enää mainoksia, kiitos",
        "Ei enää mainoksia!",
        "Poista minut ensimmäiseltä listalta",
        "Poistakaa minut listalta tänään",
        "Kiitos!\n\nSuoramarkkinointikielto",
        "Poistakaa minut listalta. Ei sittenkään.",
        "En halua mainoksia, uutiskirje kyllä",
        "Lopettakaa mainosten lähettäminen tähän osoitteeseen",
    ],
    "nl": [
        "Ik ontvang geen nieuwsbrief meer.",
        "Ik ontvang de nieuwsbrief niet meer.",
        "Ik heb geen nieuwsbrief ontvangen",
        "Jullie sturen geen nieuwsbrief meer",
        "Geen nieuwsbrief vandaag",
        "Geen mail van jullie",
        "Eindelijk geen reclame meer, bedankt",
        "Geen reclame aub, nieuwsbrief graag",
        "Stop met reclame, nieuwsbrief is prima",
        "Haal mij van de eerste lijst",
        "Schrijf mij uit voor vandaag",
        "Bedankt!\n\nUitschrijven",
        "Schrijf mij uit. Nee hoor.",
        "Stuur mij geen nieuwsbrief meer op dit adres",
    ],
    "de": [
        "Sie schicken mir keinen Newsletter mehr.",
        "Kein Newsletter heute.",
        "Keine Werbung bitte, Newsletter gerne",
        "Endlich keine Werbung mehr! Danke",
        "Ich bekomme keinen Newsletter mehr.",
        "Wir keine Newsletter mehr bekommen",
        "Ich erhalte Ihren Newsletter nicht mehr.",
        "Keine Mails von Ihnen",
        "Keine Werbung mehr",
        "Nein, bitte mehr Newsletter",
        "Streichen Sie mich aus dem ersten Verteiler",
        "Melden Sie mich heute ab",
        "Danke!\n\nAbmelden",
        "Melden Sie mich ab. Doch nicht.",
        "Schicken Sie mir keine Werbung mehr an diese Adresse",
        "Ich möchte keine Newsletter mehr verpassen",
        "Ich will mich nicht vom Newsletter abmelden",
    ],
    "fr": [
        "Vous ne m'envoyez plus la newsletter.",
        "Vous n'envoyez plus de mails",
        "Je veux plus de mails",
        "Stop pub. La newsletter oui.",
        "Stop pub, newsletter ok",
        "Plus de pub, merci pour la newsletter",
        "Je ne reçois plus la newsletter.",
        "Pas de newsletter aujourd'hui",
        "Enfin plus de pub, merci !",
        "Plus de newsletters svp",
        "Retirez-moi de la première liste",
        "Désabonnez-moi pour aujourd'hui",
        "Merci !\n\nDésabonnement",
        "Désabonnez-moi. Non merci.",
        "Ne m'envoyez plus la newsletter à cette adresse",
    ],
    "es": [
        "Ya no recibo el boletín.",
        "No recibo sus correos.",
        "Ya no me envían el boletín",
        "Hoy sin boletín",
        "Ningún correo de ustedes",
        "Por fin no más publicidad, gracias",
        "Publicidad no, boletín sí",
        "No quiero publicidad, el boletín sí",
        "Denme de baja de la primera lista",
        "Denme de baja hoy",
        "¡Gracias!\n\nBaja",
        "Denme de baja. O no.",
        "No me envíen más correos a esta dirección",
        "No quiero recibir menos correos",
    ],
    "pl": [
        "Dziś bez newslettera",
        "Nie chcę reklam, newsletter tak",
        "Nie dostaję już newslettera.",
        "Nie wysyłacie mi newslettera",
        "Żadnych maili od was",
        "Nareszcie koniec reklam, dziękuję",
        "Proszę nie wysyłać reklam, newsletter chętnie",
        "Usuńcie mnie z pierwszej listy",
        "Wypiszcie mnie na dzisiaj",
        "Dziękuję!\n\nWypisanie",
        "Wypiszcie mnie. Jednak nie.",
        "Nie wysyłajcie mi reklam na ten adres",
        "Nie chcę stracić newslettera",
    ],
}

# Subject and text: what one says the other takes back, or the subject was somebody else's.
UNSURE_TOGETHER = [
    ("Re: Unsubscribe", "Yes please, I want to get it again"),
    ("stop", "Great, thanks! I want to get it all again."),
    ("Stop", "Don't"),
    ("Unsubscribe", "Sorry, no"),
    ("Abmelden", "Danke, alles gut. Bitte weiter senden"),
    ("Désabonnement", "Merci, je veux rester"),
    ("Avmelding", "Beklager, jeg vil ha det igjen"),
    ("Avregistrering", "Förlåt, jag vill ha det igen"),
    ("Afmelding", "Undskyld, jeg vil gerne have det igen"),
    ("Afmelden", "Sorry, ik wil het graag weer"),
    ("Wypisz", "Przepraszam, chcę dalej"),
    ("unsubscribe", "was removed, thanks. Now I want it back"),
    ("STOP", "I like it all, please send more"),
    ("Baja", "Perdón, quiero seguir"),
    ("Suoramarkkinointikielto", "Anteeksi, haluan sen takaisin"),
    ("Re: No more spam", "Great, thanks!"),
    ("Re: Stop!", ""),
    ("Re: Keine Werbung", "Danke"),
    ("Re: unsubscribe", ""),
    ("AW: Abmelden", ""),
    ("SV: Avmelding", ""),
    ("Re: Re: STOP", ""),
    ("RE[2]: unsubscribe", "Thanks"),
    ("Fwd: unsubscribe me", ""),
    ("VS: Avregistrera mig", "Tack"),
    ("Unsubscribe", "Thank you for the newsletter"),
    ("Unsubscribe", "Not yet"),
    ("Unsubscribe", "Where is my order?"),
    ("Unsubscribe?", ""),
    ("How to unsubscribe", "stop"),
    ("Please keep me on the list", "stop"),
    ("I love your newsletter", "Unsubscribe me"),
    ("Order 5", "Unsubscribe me"),
    ("Sluta inte", "Avregistrera mig"),
    ("Nicht", "abmelden"),
]

OBJECTIONS = [
    "I object to profiling",
    "Please stop tracking me",
    "Jeg motsetter meg profilering",
    "Nei takk til profilering",
    "Jag motsätter mig profilering",
    "Sluta profilera mig",
    "Jeg gør indsigelse mod profilering",
    "Ingen profilering tak",
    "Vastustan profilointia",
    "Kiellän profiloinnin",
    "Ik maak bezwaar tegen profilering",
    "Geen profilering aub",
    "Ich widerspreche dem Profiling",
    "Kein Profiling bitte",
    "Je m'oppose au profilage",
    "Je refuse le profilage",
    "Me opongo a la elaboración de perfiles",
    "No al perfilado",
    "Sprzeciw wobec profilowania",
    "Sprzeciwiam się profilowaniu",
]

OTHER_WISHES = [
    (ACCESS, "what data do you hold about me"),
    (ACCESS, "Hvilke opplysninger har dere om meg?"),
    (ACCESS, "Vilka uppgifter har ni om mig?"),
    (ACCESS, "Hvilke oplysninger har I om mig?"),
    (ACCESS, "Mitä tietoja teillä on minusta?"),
    (ACCESS, "Welke gegevens hebben jullie van mij?"),
    (ACCESS, "Auskunft nach Art. 15 DSGVO"),
    (ACCESS, "Quelles données avez-vous sur moi ?"),
    (ACCESS, "¿Qué datos tienen sobre mí?"),
    (ACCESS, "Jakie dane na mój temat przetwarzacie?"),
    (ERASURE, "delete my account"),
    (ERASURE, "I want you to delete all my data and unsubscribe me"),
    (ERASURE, "Slett alle opplysninger om meg"),
    (ERASURE, "Radera mina uppgifter"),
    (ERASURE, "Slet alle mine data"),
    (ERASURE, "Poistakaa kaikki tietoni"),
    (ERASURE, "Verwijder al mijn gegevens"),
    (ERASURE, "Löschen Sie alle meine Daten"),
    (ERASURE, "Supprimez toutes mes données"),
    (ERASURE, "Eliminen todos mis datos"),
    (ERASURE, "Proszę usunąć wszystkie moje dane"),
    (START, "subscribe me"),
    (START, "I want to get the newsletter again"),
    (START, "Meld meg på nyhetsbrevet"),
    (START, "Jag vill prenumerera på nyhetsbrevet"),
    (START, "Tilmeld mig nyhedsbrevet"),
    (START, "Haluan tilata uutiskirjeen"),
    (START, "Graag aanmelden voor de nieuwsbrief"),
    (START, "Ich möchte den Newsletter abonnieren"),
    (START, "Je veux m'inscrire à la newsletter"),
    (START, "Quiero suscribirme al boletín"),
    (START, "Chcę się zapisać do newslettera"),
    (UNCLEAR, ""),
    (START, "Jag ångrade mig, jag vill ha ert nyhetsbrev igen."),
    (UNCLEAR, "Hello, when do you open?"),
]

EVERYTHING = [
    "Unsubscribe me from all your brands",
    "Please unsubscribe me from all your brands.\n\nKind regards\nOle Nordmann\nCEO, Contract AS",
    "No more advertising from any of your companies",
    "Jeg vil ikke ha reklame fra noen av merkevarene deres",
    "Ta bort mig från alla era varumärkens listor",
    "Jeg ønsker ikke reklame fra nogen af jeres selskaber",
    "Keine Werbung mehr von allen Marken",
    "Je ne veux plus recevoir de publicité de toutes vos marques",
    "Nie chcę reklam od wszystkich marek",
]


def table(cases: dict[str, list[str]]) -> list[object]:
    return [
        pytest.param(text, id=f"{language}-{text[:40]}")
        for language, texts in cases.items()
        for text in texts
    ]


@pytest.mark.parametrize("text", table(SURE))
def test_sure(text: str) -> None:
    found = read(text)
    assert (found.kind, found.sure, found.everything, found.profiling) == (STOP, True, False, False)


@pytest.mark.parametrize("text", table(SURE))
def test_sure_as_a_subject_alone(text: str) -> None:
    if "\n" not in text and ". " not in text:
        assert read("", subject=text).sure


@pytest.mark.parametrize("text", table(POLITE))
def test_sure_for_all_its_politeness(text: str) -> None:
    found = read(text)
    assert (found.kind, found.sure, found.everything, found.profiling) == (STOP, True, False, False)


@pytest.mark.parametrize("text", table(SURE))
def test_nothing_is_sure_in_the_subject_of_what_was_forwarded(text: str) -> None:
    assert not read("", subject=f"Fwd: {text}").sure


@pytest.mark.parametrize("text", table(TRAPS))
def test_not_sure(text: str) -> None:
    assert not read(text).sure
    assert not read("", subject=text).sure
    assert not read(text, subject="unsubscribe").sure


@pytest.mark.parametrize("text", table(TURNED))
def test_not_sure_where_the_explanation_turns_it(text: str) -> None:
    assert not read(text).sure
    assert not read(text, subject="unsubscribe").sure
    assert not read(f"Hello,\n\n{text}\n\nKind regards\nOle Nordmann").sure


@pytest.mark.parametrize("text", OBJECTIONS)
def test_profiling(text: str) -> None:
    found = read(text)
    assert (found.kind, found.sure, found.profiling) == (PROFILING, True, True)


@pytest.mark.parametrize(("kind", "text"), OTHER_WISHES)
def test_other_wishes_wait(kind: MessageKind, text: str) -> None:
    found = read(text)
    assert (found.kind, found.sure) == (kind, False)


@pytest.mark.parametrize("text", EVERYTHING)
def test_of_the_whole_group(text: str) -> None:
    found = read(text)
    assert not found.sure or found.everything


def test_both_at_once() -> None:
    found = read("I object to the use of my data for direct marketing including profiling.")
    assert found == Recognised(kind=STOP, sure=True, profiling=True, phrases=found.phrases)


@pytest.mark.parametrize("text", table(UNSURE))
def test_not_sure_by_itself_or_below_a_subject(text: str) -> None:
    assert not read(text).sure
    assert not read(text, subject="").sure
    assert not read("", subject=text).sure
    assert not read(text, subject="unsubscribe").sure
    assert not read(f"Hello,\n\n{text}\n\nKind regards\nOle Nordmann").sure


@pytest.mark.parametrize(("subject", "text"), UNSURE_TOGETHER)
def test_not_sure_together(subject: str, text: str) -> None:
    assert not read(text, subject=subject).sure


@pytest.mark.parametrize("text", table(SURE))
@pytest.mark.parametrize(
    "other",
    [
        "Not.",
        "Ikke nå.",
        "Zebra",
        "kari nordmann",
        "Kari Nordmann",
        "5",
        "?",
        "👍",
        "https://acme.example/",
        "kari@epost.example",
        '"yes"',
        "ja",
        "nie",
        "non",
    ],
)
def test_one_word_more_and_it_is_not_sure(text: str, other: str) -> None:
    if text.endswith(tuple(PEOPLE)):
        return  # Below a name there may be what signatures hold.
    assert not read(f"{text}\n{other}").sure
    assert not read(f"{other}\n{text}").sure
    assert not read(f"{text} {other}").sure
    assert not read(f"{other} {text}").sure


def test_a_long_letter_is_never_sure() -> None:
    story = "Please listen to what I have to say. " * 12
    assert not read(f"{story}Unsubscribe me. {story}").sure


def test_what_is_too_long_to_be_read_is_never_sure() -> None:
    rest = "please " * 200
    assert not read(f"Unsubscribe me {rest} not").sure
    assert not read("Unsubscribe me.", subject=f"{rest} not").sure
    assert not read("", subject=f"Unsubscribe me{' ' * 600}not").sure
    assert not read("Unsubscribe me. " + "No. " * 200 + "Not me.").sure


def test_what_may_be_named() -> None:
    text = "Please take ole@example.com off the Acme list"
    assert not recognise(subject="", text=text).sure
    assert recognise(subject="", text=text, known=["ole@example.com", "Acme"]).sure
    assert not recognise(subject="", text=text, known=["le@example.com", "Acme"]).sure


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a@",
            "a",
            "a.",
            "@",
            ".",
            "!",
            ") ",
            "!)",
            "(",
            "(article 21 ",
            "www.",
            "http://",
            "-",
            " - ",
            ",",
            "a, ",
            "\n",
        ),
        *(
            "\u0301",
            "=",
            "[",
            "Re: ",
            "[a] ",
            "word ",
            "no more ",
            "please ",
            "stop ",
            "thanks ",
            "kind ",
            "do not ",
        ),
        *(
            "unsubscribe me from all ",
            "unsubscribe me, ",
            "bitte ",
            "meld meg av ",
            "je ne veux plus recevoir de ",
        ),
        *(
            "jeg vil ikke ha ",
            "object to the use of my data for ",
            "ikke lenger motta ",
            "slett meg fra ",
            "Ole ",
        ),
    ],
)
def test_bounded_time(piece: str) -> None:
    recognise(subject="", text="")
    hostile = piece * (20_000 // len(piece))
    for subject, text in [("", hostile), (hostile, ""), ("unsubscribe", f"{hostile}!\n{hostile}")]:
        begun = time.process_time()
        recognise(subject=subject, text=text, known=[*PEOPLE, "a@a.example"])
        assert time.process_time() - begun < 1


def test_a_name_that_means_something_is_no_name() -> None:
    known = ["do.not.mail@epost.example", "Will Noble"]
    assert not recognise(subject="", text="Unsubscribe me\nnot", known=known).sure
    assert not recognise(subject="", text="Unsubscribe me\nDo not", known=known).sure
    assert recognise(subject="", text="Unsubscribe me\nNoble", known=known).sure


@given(st.text(), st.text())
def test_any_text(subject: str, text: str) -> None:
    recognise(subject=subject, text=text)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("xx,stop,halt", "'xx' is no language"),
        ("en,halt,halt", "'halt' is no meaning"),
        ("en,stop,stop {nothing}", "names the set 'nothing'"),
        ("en,stop,stop [it]", "cannot be understood"),
        ("en,ask,stop * it", "has to name every word"),
    ],
)
def test_a_mistake_in_the_file_is_named(line: str, problem: str) -> None:
    with pytest.raises(RulesInvalid, match=problem):
        read_phrases(PHRASES_FILE.read_bytes() + f"{line}\n".encode())


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Objection to profiling", "I object to profiling."),
        ("Hello", "I object to profiling under Article 21 GDPR."),
        ("Widerspruch gegen Profiling", "Hiermit widerspreche ich dem Profiling gemäß Artikel 21 DSGVO."),
        ("Innsigelse", "Jeg motsetter meg profilering etter personvernforordningen artikkel 21."),
        ("Opposition", "Je m'oppose au profilage de mes données en vertu de l'article 21 du RGPD."),
    ],
)
def test_an_objection_in_the_words_of_the_law(subject: str, text: str) -> None:
    recognised = recognise(subject=subject, text=text)
    assert (recognised.kind, recognised.sure) == (MessageKind.PROFILING, True)
