<?php
// The index of a folder.
if ($_SERVER['REQUEST_METHOD'] !== 'GET') {
    file_put_contents(getenv('PROBE_FILE'), '1', FILE_APPEND | LOCK_EX);
    echo 'done';
}
