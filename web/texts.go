package web

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// texts are the texts of the pages in one language: short plain sentences that say what
// to do.
type texts struct {
	Lang string

	Title    string // of the challenge page
	Check    string // by Why
	Expired  string
	Spent    string
	Down     string
	Kept     string
	Tick     string // of the embedded step
	Files    string // before the files to choose again
	File     string // label of one file; {name}
	Send     string
	Sending  string
	Wait     string // {n} seconds
	NoScript string
	Stuck    string
	Insecure string

	Back      string // link to the page with the form
	Home      string // the same, where that page is not known
	Reference string
	Notices   [noticeKinds]notice

	Later                    string // {time}
	Seconds, Minute, Minutes string // {n}
	While                    string // if the time is not known
}

// notice is the text of one notice.
type notice struct{ Title, What, Do string }

// wait returns the text about how long to wait: in seconds up to a minute, then in
// minutes, always rounded up.
func (t *texts) wait(d time.Duration) string {
	amount, n := t.Seconds, math.Ceil(d.Seconds())
	switch minutes := math.Ceil(d.Minutes()); {
	case d <= 0:
		amount = t.While
	case n > 1 && n < 60:
	case minutes <= 1:
		amount = t.Minute
	default:
		amount, n = t.Minutes, minutes
	}
	amount = strings.ReplaceAll(amount, "{n}", strconv.Itoa(int(n)))
	return strings.ReplaceAll(t.Later, "{time}", amount)
}

// Label returns the label for a file to choose again.
func (t *texts) Label(name string) string { return strings.ReplaceAll(t.File, "{name}", name) }

const defaultLang = "en"

func textsOf(lang string) *texts {
	if t, spoken := languages[lang]; spoken {
		return t
	}
	return languages[defaultLang]
}

// languages is never modified.
var languages = map[string]*texts{"en": &english, "de": &german, "fr": &french, "es": &spanish}

var english = texts{
	Lang:     "en",
	Title:    "One more step",
	Check:    "This form is protected against automatic sending. Please confirm that you want to send it.",
	Expired:  "The form was open for a long time. Please confirm once more that you want to send it.",
	Spent:    "This form was sent before. Please confirm that you want to send it again.",
	Down:     "The site did not answer, so nothing was sent. Please try again in a moment.",
	Kept:     "What you typed is kept. It is sent as soon as the check is done.",
	Tick:     "Please tick the box.",
	Files:    "A browser cannot keep files. Please choose them again.",
	File:     "File for “{name}”",
	Send:     "Send",
	Sending:  "Sending…",
	Wait:     "Checked. Sending in {n} s…",
	NoScript: "The check needs JavaScript, which is switched off or blocked. Please allow it for this site, then reload this page. When the browser asks whether to send the form again, say yes: what you typed is kept.",
	Stuck:    "Is there nothing to tick? Then something keeps the check from loading. Please reload this page, or allow JavaScript for this site first.",
	Insecure: "The check cannot run, because this page came over a connection that is not secure. Please open the site again with https:// at the beginning of its address. (On your own machine, http://localhost works too.)",

	Back:      "Back to the page",
	Home:      "To the home page of this site",
	Reference: "Reference for questions:",
	Notices: [noticeKinds]notice{
		NoticeDenied:      {"Not accepted", "This site protects its forms against automatic sending and did not accept this one.", "If you think that this is a mistake, contact the site and quote the reference below."},
		NoticeLimited:     {"Too many attempts", "There were too many attempts in a short time.", "Then go back with the Back button of the browser and send the form again. What you typed is still in it."},
		NoticeUnreadable:  {"Not readable", "The form did not arrive in one piece.", "Please open the page again and send the form once more."},
		NoticeTooLarge:    {"Too large", "The form is larger than this site accepts.", "Please go back with the Back button of the browser and shorten the text, or choose a smaller file."},
		NoticeUnavailable: {"Not available right now", "The form could not be checked, because a part of this site is busy or does not answer.", "Please wait a minute, go back with the Back button of the browser and send the form again. What you typed is still in it."},
		NoticeReceived:    {"Already received", "The form was received.", "You do not need to send it again."},
		NoticeDown:        {"No answer from the site", "The site did not answer.", "Please try again in a minute. If you were sending something, first see whether it has arrived."},
		NoticeInsecure:    {"Secure connection needed", "The form is checked by your browser, which it can do over a secure connection only.", "Please open the site again with https:// at the beginning of its address. (On your own machine, http://localhost works too.)"},
		NoticeAddress:     {"Wrong address", "There is no site under this address here.", "Please check the address. If you run the site: its host, with the port where there is one, is not among those that are configured."},
		NoticeRequest:     {"Not understood", "The address or the request is written in a way that this site does not read.", "Please open the site again from its home page."},
	},
	Later: "Please wait {time}.", Seconds: "{n} seconds", Minute: "one minute", Minutes: "{n} minutes", While: "a few minutes",
}

var german = texts{
	Lang:     "de",
	Title:    "Noch ein Schritt",
	Check:    "Dieses Formular ist gegen automatisches Absenden geschützt. Bitte bestätigen Sie, dass Sie es senden möchten.",
	Expired:  "Das Formular war lange geöffnet. Bitte bestätigen Sie noch einmal, dass Sie es senden möchten.",
	Spent:    "Dieses Formular wurde schon gesendet. Bitte bestätigen Sie, dass Sie es noch einmal senden möchten.",
	Down:     "Die Website hat nicht geantwortet, daher wurde nichts gesendet. Bitte versuchen Sie es gleich noch einmal.",
	Kept:     "Ihre Eingaben bleiben erhalten. Sie werden gesendet, sobald die Prüfung fertig ist.",
	Tick:     "Bitte kreuzen Sie das Kästchen an.",
	Files:    "Dateien kann der Browser nicht aufheben. Bitte wählen Sie sie noch einmal aus.",
	File:     "Datei für „{name}“",
	Send:     "Senden",
	Sending:  "Wird gesendet …",
	Wait:     "Geprüft. Wird in {n} s gesendet …",
	NoScript: "Die Prüfung braucht JavaScript, das hier ausgeschaltet oder blockiert ist. Bitte erlauben Sie es für diese Website und laden Sie diese Seite neu. Wenn der Browser fragt, ob er das Formular noch einmal senden soll, stimmen Sie zu: Ihre Eingaben bleiben erhalten.",
	Stuck:    "Gibt es nichts anzukreuzen? Dann kann die Prüfung nicht geladen werden. Bitte laden Sie diese Seite neu, oder erlauben Sie zuerst JavaScript für diese Website.",
	Insecure: "Die Prüfung kann nicht laufen, weil diese Seite über eine unsichere Verbindung kam. Bitte öffnen Sie die Website noch einmal mit https:// am Anfang der Adresse. (Auf dem eigenen Rechner geht auch http://localhost.)",

	Back:      "Zurück zur Seite",
	Home:      "Zur Startseite dieser Website",
	Reference: "Kennung für Rückfragen:",
	Notices: [noticeKinds]notice{
		NoticeDenied:      {"Nicht angenommen", "Diese Website schützt ihre Formulare gegen automatisches Absenden und hat dieses nicht angenommen.", "Wenn Sie das für einen Fehler halten, wenden Sie sich an die Website und nennen Sie die Kennung unten."},
		NoticeLimited:     {"Zu viele Versuche", "Es gab zu viele Versuche in kurzer Zeit.", "Gehen Sie dann mit der Zurück-Taste des Browsers zurück und senden Sie das Formular noch einmal. Ihre Eingaben sind noch da."},
		NoticeUnreadable:  {"Nicht lesbar", "Das Formular ist nicht vollständig angekommen.", "Bitte öffnen Sie die Seite neu und senden Sie das Formular noch einmal."},
		NoticeTooLarge:    {"Zu groß", "Das Formular ist größer, als diese Website annimmt.", "Bitte gehen Sie mit der Zurück-Taste des Browsers zurück und kürzen Sie den Text, oder wählen Sie eine kleinere Datei."},
		NoticeUnavailable: {"Zurzeit nicht möglich", "Das Formular konnte nicht geprüft werden, weil ein Teil dieser Website überlastet ist oder nicht antwortet.", "Bitte warten Sie eine Minute, gehen Sie mit der Zurück-Taste des Browsers zurück und senden Sie das Formular noch einmal. Ihre Eingaben sind noch da."},
		NoticeReceived:    {"Schon eingegangen", "Das Formular ist eingegangen.", "Sie brauchen es nicht noch einmal zu senden."},
		NoticeDown:        {"Keine Antwort der Website", "Die Website hat nicht geantwortet.", "Bitte versuchen Sie es in einer Minute noch einmal. Wenn Sie etwas gesendet haben, sehen Sie zuerst nach, ob es angekommen ist."},
		NoticeInsecure:    {"Sichere Verbindung nötig", "Das Formular wird von Ihrem Browser geprüft. Das geht nur über eine sichere Verbindung.", "Bitte öffnen Sie die Website noch einmal mit https:// am Anfang der Adresse. (Auf dem eigenen Rechner geht auch http://localhost.)"},
		NoticeAddress:     {"Falsche Adresse", "Unter dieser Adresse gibt es hier keine Website.", "Bitte prüfen Sie die Adresse. Falls Sie die Website betreiben: Ihr Name, wo nötig mit Port, steht nicht in der Konfiguration."},
		NoticeRequest:     {"Nicht verstanden", "Die Adresse oder die Anfrage ist so geschrieben, dass diese Website sie nicht liest.", "Bitte öffnen Sie die Website noch einmal von der Startseite aus."},
	},
	Later: "Bitte warten Sie {time}.", Seconds: "{n} Sekunden", Minute: "eine Minute", Minutes: "{n} Minuten", While: "ein paar Minuten",
}

var french = texts{
	Lang:     "fr",
	Title:    "Encore une étape",
	Check:    "Ce formulaire est protégé contre les envois automatiques. Veuillez confirmer que vous voulez l’envoyer.",
	Expired:  "Le formulaire est resté ouvert longtemps. Veuillez confirmer encore une fois que vous voulez l’envoyer.",
	Spent:    "Ce formulaire a déjà été envoyé. Veuillez confirmer que vous voulez l’envoyer de nouveau.",
	Down:     "Le site n’a pas répondu, rien n’a donc été envoyé. Veuillez réessayer dans un instant.",
	Kept:     "Votre saisie est conservée. Elle sera envoyée dès que la vérification sera terminée.",
	Tick:     "Veuillez cocher la case.",
	Files:    "Un navigateur ne peut pas conserver les fichiers. Veuillez les choisir de nouveau.",
	File:     "Fichier pour « {name} »",
	Send:     "Envoyer",
	Sending:  "Envoi en cours…",
	Wait:     "Vérifié. Envoi dans {n} s…",
	NoScript: "La vérification a besoin de JavaScript, qui est désactivé ou bloqué. Veuillez l’autoriser pour ce site, puis rechargez cette page. Si le navigateur demande s’il doit renvoyer le formulaire, acceptez : votre saisie est conservée.",
	Stuck:    "Il n’y a rien à cocher ? La vérification n’a pas pu être chargée. Veuillez recharger cette page, ou d’abord autoriser JavaScript pour ce site.",
	Insecure: "La vérification ne peut pas fonctionner, car cette page est arrivée par une connexion non sécurisée. Veuillez rouvrir le site avec https:// au début de l’adresse. (Sur votre propre machine, http://localhost convient aussi.)",

	Back:      "Retour à la page",
	Home:      "Vers la page d’accueil de ce site",
	Reference: "Référence pour vos questions :",
	Notices: [noticeKinds]notice{
		NoticeDenied:      {"Non accepté", "Ce site protège ses formulaires contre les envois automatiques et n’a pas accepté celui-ci.", "Si vous pensez que c’est une erreur, contactez le site et indiquez la référence ci-dessous."},
		NoticeLimited:     {"Trop de tentatives", "Il y a eu trop de tentatives en peu de temps.", "Revenez ensuite en arrière avec le bouton Précédent du navigateur et envoyez de nouveau le formulaire. Votre saisie y est toujours."},
		NoticeUnreadable:  {"Illisible", "Le formulaire n’est pas arrivé en entier.", "Veuillez rouvrir la page et envoyer de nouveau le formulaire."},
		NoticeTooLarge:    {"Trop volumineux", "Le formulaire est plus volumineux que ce que ce site accepte.", "Veuillez revenir en arrière avec le bouton Précédent du navigateur et raccourcir le texte, ou choisir un fichier plus petit."},
		NoticeUnavailable: {"Indisponible pour le moment", "Le formulaire n’a pas pu être vérifié, car une partie de ce site est surchargée ou ne répond pas.", "Veuillez attendre une minute, revenir en arrière avec le bouton Précédent du navigateur et envoyer de nouveau le formulaire. Votre saisie y est toujours."},
		NoticeReceived:    {"Déjà reçu", "Le formulaire a été reçu.", "Il n’est pas nécessaire de l’envoyer de nouveau."},
		NoticeDown:        {"Pas de réponse du site", "Le site n’a pas répondu.", "Veuillez réessayer dans une minute. Si vous envoyiez quelque chose, vérifiez d’abord si c’est arrivé."},
		NoticeInsecure:    {"Connexion sécurisée requise", "Le formulaire est vérifié par votre navigateur, ce qui n’est possible que par une connexion sécurisée.", "Veuillez rouvrir le site avec https:// au début de l’adresse. (Sur votre propre machine, http://localhost convient aussi.)"},
		NoticeAddress:     {"Adresse incorrecte", "Il n’y a pas de site à cette adresse.", "Veuillez vérifier l’adresse. Si vous gérez le site : son nom, avec le port s’il y en a un, ne figure pas dans la configuration."},
		NoticeRequest:     {"Non compris", "L’adresse ou la requête est écrite d’une façon que ce site ne lit pas.", "Veuillez rouvrir le site depuis sa page d’accueil."},
	},
	Later: "Veuillez attendre {time}.", Seconds: "{n} secondes", Minute: "une minute", Minutes: "{n} minutes", While: "quelques minutes",
}

var spanish = texts{
	Lang:     "es",
	Title:    "Un paso más",
	Check:    "Este formulario está protegido contra los envíos automáticos. Confirme que quiere enviarlo.",
	Expired:  "El formulario ha estado abierto mucho tiempo. Confirme una vez más que quiere enviarlo.",
	Spent:    "Este formulario ya se ha enviado. Confirme que quiere enviarlo otra vez.",
	Down:     "El sitio no ha respondido, así que no se ha enviado nada. Inténtelo de nuevo en un momento.",
	Kept:     "Lo que ha escrito se conserva. Se enviará en cuanto termine la comprobación.",
	Tick:     "Marque la casilla.",
	Files:    "El navegador no puede conservar los archivos. Elíjalos otra vez.",
	File:     "Archivo para «{name}»",
	Send:     "Enviar",
	Sending:  "Enviando…",
	Wait:     "Comprobado. Se enviará en {n} s…",
	NoScript: "La comprobación necesita JavaScript, que está desactivado o bloqueado. Permítalo para este sitio y vuelva a cargar esta página. Si el navegador pregunta si debe enviar otra vez el formulario, acepte: lo que ha escrito se conserva.",
	Stuck:    "¿No hay ninguna casilla que marcar? Entonces algo impide cargar la comprobación. Vuelva a cargar esta página, o permita antes JavaScript para este sitio.",
	Insecure: "La comprobación no puede funcionar, porque esta página llegó por una conexión no segura. Abra otra vez el sitio con https:// al principio de la dirección. (En su propio equipo también sirve http://localhost.)",

	Back:      "Volver a la página",
	Home:      "Ir a la página de inicio de este sitio",
	Reference: "Referencia para consultas:",
	Notices: [noticeKinds]notice{
		NoticeDenied:      {"No aceptado", "Este sitio protege sus formularios contra los envíos automáticos y no ha aceptado este.", "Si cree que es un error, póngase en contacto con el sitio e indique la referencia de abajo."},
		NoticeLimited:     {"Demasiados intentos", "Ha habido demasiados intentos en poco tiempo.", "Después vuelva atrás con el botón Atrás del navegador y envíe otra vez el formulario. Lo que ha escrito sigue ahí."},
		NoticeUnreadable:  {"No se puede leer", "El formulario no ha llegado completo.", "Abra otra vez la página y envíe el formulario de nuevo."},
		NoticeTooLarge:    {"Demasiado grande", "El formulario es más grande de lo que acepta este sitio.", "Vuelva atrás con el botón Atrás del navegador y acorte el texto, o elija un archivo más pequeño."},
		NoticeUnavailable: {"No disponible por ahora", "No se ha podido comprobar el formulario, porque una parte de este sitio está sobrecargada o no responde.", "Espere un minuto, vuelva atrás con el botón Atrás del navegador y envíe otra vez el formulario. Lo que ha escrito sigue ahí."},
		NoticeReceived:    {"Ya recibido", "El formulario se ha recibido.", "No hace falta que lo envíe otra vez."},
		NoticeDown:        {"El sitio no responde", "El sitio no ha respondido.", "Inténtelo otra vez en un minuto. Si estaba enviando algo, compruebe antes si ha llegado."},
		NoticeInsecure:    {"Se necesita una conexión segura", "El navegador comprueba el formulario, y solo puede hacerlo con una conexión segura.", "Abra otra vez el sitio con https:// al principio de la dirección. (En su propio equipo también sirve http://localhost.)"},
		NoticeAddress:     {"Dirección incorrecta", "No hay ningún sitio en esta dirección.", "Compruebe la dirección. Si usted administra el sitio: su nombre, con el puerto si lo hay, no está en la configuración."},
		NoticeRequest:     {"No se entiende", "La dirección o la petición está escrita de una forma que este sitio no lee.", "Abra otra vez el sitio desde su página de inicio."},
	},
	Later: "Espere {time}.", Seconds: "{n} segundos", Minute: "un minuto", Minutes: "{n} minutos", While: "unos minutos",
}
