<?php
// A front controller that reads the path as Symfony does.
require 'Symfony/Component/HttpFoundation/autoload.php';

$request = Symfony\Component\HttpFoundation\Request::createFromGlobals();
$path = rawurldecode($request->getPathInfo());
if ($path === '/effects') {
    clearstatcache();
    header('Content-Type: application/json');
    echo json_encode(['signup' => filesize(getenv('PROBE_FILE'))]);
} elseif ($path === '/signup' && !$request->isMethod('GET')) {
    file_put_contents(getenv('PROBE_FILE'), '1', FILE_APPEND | LOCK_EX);
    echo 'done';
} else {
    http_response_code(404);
}
