<?php
$headers = array_filter($_SERVER, fn($name) => preg_match('/^(HTTP_|CONTENT_)/', $name), ARRAY_FILTER_USE_KEY);
header('Content-Type: application/json');
echo json_encode([
    'method' => $_SERVER['REQUEST_METHOD'],
    'path' => strtok($_SERVER['REQUEST_URI'], '?'),
    'query' => $_SERVER['QUERY_STRING'] ?? '',
    'headers' => $headers,
    'body_sha256' => hash('sha256', file_get_contents('php://input')),
    'form' => $_POST,
], JSON_INVALID_UTF8_SUBSTITUTE | JSON_FORCE_OBJECT);
