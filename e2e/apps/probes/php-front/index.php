<?php
// A front controller that finds its route in what follows its own name.
$path = $_SERVER['PATH_INFO'] ?? '/';
if ($path === '/effects') {
    clearstatcache();
    header('Content-Type: application/json');
    echo json_encode(['signup' => filesize(getenv('PROBE_FILE'))]);
} elseif ($path === '/signup' && $_SERVER['REQUEST_METHOD'] !== 'GET') {
    file_put_contents(getenv('PROBE_FILE'), '1', FILE_APPEND | LOCK_EX);
    echo 'done';
} else {
    http_response_code(404);
}
