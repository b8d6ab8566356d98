<?php
// The front controller in a folder that addresses leave out, as shared hosting has it.
require __DIR__ . '/../../fpm-front/index.php';
