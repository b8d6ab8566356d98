<?php
// The same in PHP.
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    file_put_contents(getenv('PROBE_FILE'), '1', FILE_APPEND | LOCK_EX);
    echo 'done';
} else {
    echo '<form method="post" action="/signup.php"><input name="user"><button>Go</button></form>';
}
