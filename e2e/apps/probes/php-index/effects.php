<?php
clearstatcache();
header('Content-Type: application/json');
echo json_encode(['signup' => filesize(getenv('PROBE_FILE'))]);
