<?php
/**
 * What the drill asks of WordPress, by its own functions: php wordpress.php FOLDER, and install URL
 * PASSWORD, activate SERVER, speak LOCALE, or post TITLE with the content at standard input.
 */

[ , $folder, $verb ] = $argv;

if ( 'install' === $verb ) {
	$url = $argv[3];
	copy_config( $folder, $url );
	define( 'WP_INSTALLING', true );
}

/** Settings of a site of its own; Debian's look for those of the whole machine. */
function copy_config( $folder, $url ) {
	$host   = getenv( 'DRILL_DATABASE' );
	$config = "<?php\n"
		. "define( 'DB_NAME', 'wordpress' ); define( 'DB_USER', 'root' ); define( 'DB_PASSWORD', '' );\n"
		. "define( 'DB_HOST', '$host' ); define( 'DB_CHARSET', 'utf8mb4' ); define( 'DB_COLLATE', '' );\n"
		. "define( 'WP_HOME', '$url' ); define( 'WP_SITEURL', '$url' );\n"
		. "define( 'DISABLE_WP_CRON', true ); define( 'AUTOMATIC_UPDATER_DISABLED', true );\n"
		. "\$table_prefix = 'wp_';\n"
		. "defined( 'ABSPATH' ) || define( 'ABSPATH', __DIR__ . '/' );\n"
		. "require_once ABSPATH . 'wp-settings.php';\n";
	file_put_contents( "$folder/wp-config.php", $config );
	// WordPress asks no server on this machine, and no port but three, unless it is told to.
	@mkdir( "$folder/wp-content/mu-plugins" );
	file_put_contents(
		"$folder/wp-content/mu-plugins/drill.php",
		"<?php\nadd_filter( 'http_request_host_is_external', '__return_true' );\n"
		. "add_filter( 'http_allowed_safe_ports', function () { return range( 1, 65535 ); } );\n"
		. "add_filter( 'pre_wp_mail', '__return_true' );\n"
	);
	$database = new mysqli( strtok( $host, ':' ), 'root', '', '', (int) strtok( ':' ) );
	$database->query( 'CREATE DATABASE wordpress' );
}

$_SERVER['HTTP_HOST'] = 'localhost';
$_SERVER['REQUEST_URI'] = '/';
require "$folder/wp-load.php";
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';

if ( 'install' === $verb ) {
	wp_install( 'Union', 'admin', 'admin@union.example', true, '', $argv[4] );
	echo get_bloginfo( 'version' );
	exit;
}

if ( 'activate' === $verb ) {
	$wrong = activate_plugin( 'petition.php' );
	update_option( PETITION_OPTION, $argv[3] );
	echo is_wp_error( $wrong ) ? $wrong->get_error_message() : 'active';
	exit( is_wp_error( $wrong ) ? 1 : 0 );
}

// The language of whoever writes, and an editor that does not explain itself first.
if ( 'speak' === $verb ) {
	update_user_meta( 1, 'locale', $argv[3] );
	update_user_meta(
		1,
		'wp_persisted_preferences',
		array(
			'core/edit-post' => array( 'welcomeGuide' => false ),
			'_modified'      => gmdate( 'c' ),
		)
	);
	exit;
}

// The address of a new post, as an administrator saves it, who may paste scripts.
wp_set_current_user( 1 );
kses_remove_filters();
$made = wp_insert_post(
	wp_slash(
		array(
			'post_title'   => $argv[3],
			'post_content' => stream_get_contents( STDIN ),
			'post_status'  => 'publish',
		)
	),
	true
);
if ( is_wp_error( $made ) ) {
	fwrite( STDERR, $made->get_error_message() );
	exit( 1 );
}
echo get_permalink( $made );
