<?php
// A page that is asked for without its extension.
if ($_SERVER['REQUEST_METHOD'] !== 'GET') {
    file_put_contents(getenv('PROBE_FILE'), '1', FILE_APPEND | LOCK_EX);
    echo 'done';
}
