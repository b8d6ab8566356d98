<?php
// A small app that requires the verdict, as router of `php -S`.
require getenv('CHECKERS') . '/palisade-verdict.php';

function signup(string $user): void
{
    file_put_contents(getenv('EFFECTS'), $user . "\n", FILE_APPEND | LOCK_EX);
    echo 'done';
}

if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    echo file_get_contents(getenv('EFFECTS'));
    return;
}

if (!palisade_verdict(getenv('PALISADE_VERDICT_KEY'), 'signup')) {
    http_response_code(403);
    exit;
}
if (ini_get('enable_post_data_reading')) {
    signup($_POST['user'] ?? '');
} elseif (preg_match('/name="user"\r\n\r\n(.*?)\r\n--/s', file_get_contents('php://input'), $part)) {
    signup($part[1]);
} else {
    parse_str(file_get_contents('php://input'), $fields);
    signup($fields['user'] ?? '');
}
