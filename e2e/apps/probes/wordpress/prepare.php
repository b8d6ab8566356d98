<?php
// Installs WordPress in the empty database, with a user ada and a post that takes comments.
define('WP_INSTALLING', true);
require $argv[1] . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');
wp_install('Site', 'ada', 'ada@example.org', true, '', 'lovelace');
switch_theme('twentytwentyone');
update_option('show_avatars', 0);
update_option('upload_path', dirname(getenv('PROBE_FILE')) . '/uploads');
update_user_meta(1, 'wp_persisted_preferences', ['core/edit-post' => ['welcomeGuide' => false], '_modified' => '2030-01-01T00:00:00.000Z']);
$wpdb->query("UPDATE $wpdb->posts SET post_date = '2026-01-01 12:00:00', post_date_gmt = post_date");
$wpdb->query("UPDATE $wpdb->comments SET comment_date = '2026-01-01 12:00:00', comment_date_gmt = comment_date");
