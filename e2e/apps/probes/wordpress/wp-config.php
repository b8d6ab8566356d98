<?php
// The settings of WordPress: the defaults, with a database of the test. Nothing is asked of other hosts.
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . getenv('PROBE_SOCKET'));
define('DB_CHARSET', 'utf8mb4');
$table_prefix = 'wp_';
define('WP_HOME', 'http://' . ($_SERVER['HTTP_HOST'] ?? 'localhost'));
define('WP_SITEURL', WP_HOME);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('AUTOSAVE_INTERVAL', 5);
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
	define($name . '_KEY', $name);
	define($name . '_SALT', $name);
}
define('ABSPATH', __DIR__ . '/');
require ABSPATH . 'wp-settings.php';
