<?php
// Checks that a request came through the Palisade gateway. For PHP 8.1 and newer.
// Copy this file; it needs nothing else.
//
//     require 'palisade-verdict.php';
//     if (!palisade_verdict(getenv('PALISADE_VERDICT_KEY'), 'signup')) {
//         http_response_code(403);
//         exit;
//     }
//
// Uploads: for multipart/form-data PHP reads the body itself, and php://input is
// empty. The signature is over the body, so such a request is refused. To have it
// checked, set enable_post_data_reading = Off where the form arrives (php.ini,
// .user.ini, .htaccess or the FPM pool; ini_set comes too late). Then PHP fills
// neither $_POST nor $_FILES, for any kind of form: parse file_get_contents('php://input')
// with parse_str or a multipart parser. Where that is not possible, leave the
// upload out of this check and bind the app to an address that only the gateway reaches.
//
// In mode 'session' the gateway has passed the body on unread, as it may be endless. The
// signature does not bind it and the check does not read it, so an upload is taken too.
// An app that needs the body bound refuses where the returned mode is 'session'.

/**
 * Returns the verdict (site, form, id, mode, t), or null for a request to refuse.
 *
 * Keys are one line of `palisade verdict-key` or its hexadecimal part, or an array of
 * the current one and the one before. With $judged, what was only watched is refused.
 */
function palisade_verdict(string|array|false $keys, string $form, bool $judged = true, ?array $server = null, ?string $body = null, ?float $now = null): ?array
{
    $keys = array_map('palisade_verdict_key', (array) $keys);
    $server ??= $_SERVER;
    $line = $server['HTTP_PALISADE_VERDICT'] ?? '';
    // Servers join two headers with a comma, which no verdict holds.
    if (strlen($line) > 1024 || !preg_match('/^[!-+\--~]+(; [!-+\--~]+){6}$/D', $line)) {
        return null;
    }
    $v = [];
    foreach (explode('; ', $line) as $pair) {
        [$name, $value] = explode('=', $pair, 2) + [1 => ''];
        $v[$name] = $value; // of two with one name one is lost, and then one is missing below
    }
    foreach (['v', 't', 'id', 'site', 'form', 'mode', 'sig'] as $name) {
        if (!isset($v[$name])) {
            return null;
        }
    }
    if ($v['v'] !== '1' || $v['form'] !== $form || $judged && !in_array($v['mode'], ['enforce', 'exempt', 'session'], true)
        || !preg_match('/^[0-9]{1,15}$/D', $v['t']) || abs(($now ?? microtime(true)) - (int) $v['t']) > 30) {
        return null;
    }
    $digest = $v['mode'] === 'session' ? '-' : palisade_verdict_digest($server, $body);
    if ($digest === null) {
        return null;
    }
    // REQUEST_URI is what the client wrote. PATH_INFO and PHP_SELF depend on rewriting.
    $lines = ['palisade-verdict/1', $v['site'], $v['form'], $server['HTTP_HOST'] ?? '', $server['REQUEST_METHOD'] ?? '',
        palisade_verdict_path($server['REQUEST_URI'] ?? ''), $digest, $v['t'], $v['id'], $v['mode']];
    $held = false;
    foreach ($keys as $key) {
        $sig = rtrim(strtr(base64_encode(hash_hmac('sha256', implode("\n", $lines) . "\n", $key, true)), '+/', '-_'), '=');
        $held = hash_equals($sig, $v['sig']) || $held;
    }
    unset($v['v'], $v['sig']);
    return $held ? $v : null;
}

// The digest of the body, or null where we do not see all of it.
function palisade_verdict_digest(array $server, ?string $body): ?string
{
    $body ??= file_get_contents('php://input');
    // A body that is hidden from us looks empty. The verdict of an empty one must not do for it.
    if (strlen($body) !== (int) (($server['CONTENT_LENGTH'] ?? '') ?: strlen($body)) || $body === '' && ($_POST || $_FILES)) {
        return null;
    }
    return hash('sha256', $body);
}

// A key that is not set must not become the empty key, with which anybody can sign.
function palisade_verdict_key(string|false $text): string
{
    if (!preg_match('/^\s*(?:\S+\s+)?([0-9A-Fa-f]{64})\s*$/D', (string) $text, $match)) {
        throw new InvalidArgumentException('the key is a line of what `palisade verdict-key` prints');
    }
    return hex2bin($match[1]);
}

// The path as it is signed: its escapes decoded once, or as it stands when one is broken.
function palisade_verdict_path(string $target): string
{
    $path = explode('?', preg_replace('~^[^/?]*://[^/?]*~', '', $target), 2)[0];
    $broken = preg_match('/%(?![0-9A-Fa-f]{2})/', $path);
    return ($broken ? $path : rawurldecode($path)) ?: '/';
}
