<?php
// Runs the checker over vectors: a line each, of fields in hexadecimal; see vectors_test.go.
require $argv[1];
while (($line = fgets(STDIN)) !== false) {
    [$keys, $form, $judged, $headers, $method, $host, $target, $body, $now] = array_map('hex2bin', explode("\t", rtrim($line, "\n")));
    $server = ['REQUEST_METHOD' => $method, 'HTTP_HOST' => $host, 'REQUEST_URI' => $target, 'CONTENT_LENGTH' => (string) strlen($body)];
    if ($headers !== '') {
        $server['HTTP_PALISADE_VERDICT'] = str_replace("\n", ', ', $headers); // as servers do
    }
    $v = palisade_verdict(explode("\n", $keys), $form, $judged === 'judged', $server, $body, (float) $now);
    echo $v ? "{$v['site']} {$v['form']} {$v['id']} {$v['mode']} {$v['t']}\n" : "refused\n";
}
