<?php
/**
 * Plugin Name:       Petition form
 * Description:       The sign form of a petition: by its address on a line of its own, by a block, or by [petition url="…"].
 * Version:           0.1.0
 * Requires at least: 5.9
 * Requires PHP:      7.4
 * License:           AGPL-3.0-or-later
 * Text Domain:       petition
 *
 * The form comes from the server of the petition, in a frame: this site sees nothing that is typed
 * there. Only forms of the server that an administrator names under Settings, Writing are shown, so
 * that authors who may not paste scripts cannot bring in those of anybody else. Its words are
 * translated at the end of this file; a translation in wp-content/languages/plugins goes first.
 */

defined( 'ABSPATH' ) || exit;

const PETITION_OPTION = 'petition_server';

/** The origin of the petition's server, as https://petition.example.org; empty while none is named. */
function petition_server() {
	return petition_origin( get_option( PETITION_OPTION, '' ) );
}

/** The origin of an address; empty where it has none. */
function petition_origin( $address ) {
	$parts = wp_parse_url( trim( (string) $address ) );
	if ( empty( $parts['host'] ) || ! in_array( $parts['scheme'] ?? '', array( 'https', 'http' ), true ) ) {
		return '';
	}
	$port = isset( $parts['port'] ) ? ':' . $parts['port'] : '';
	return $parts['scheme'] . '://' . strtolower( $parts['host'] ) . $port;
}

/**
 * The form for an address such as https://petition.example.org/en/amazon?partner=KEY, as partners
 * paste it: a link, which stays where the form is kept away, and the script that puts the form there.
 * Empty for any other address.
 */
function petition_form( $address, $words = '' ) {
	$server = petition_server();
	if ( '' === $server || petition_origin( $address ) !== $server ) {
		return '';
	}
	$address = trim( html_entity_decode( (string) $address ) );
	$parts   = wp_parse_url( $address );
	parse_str( $parts['query'] ?? '', $query );
	$key = $query['partner'] ?? '';
	if (
		! is_string( $key ) || ! preg_match( '/^[0-9a-f]{16}$/D', $key ) ||
		! preg_match( '~^/(?:([a-z]{2,3})/)?([a-z0-9][a-z0-9-]{0,63})/?$~D', $parts['path'] ?? '', $found )
	) {
		return '';
	}
	$language = '' !== $found[1] ? $found[1] : strtolower( strtok( get_bloginfo( 'language' ), '-' ) );
	$words    = '' !== trim( $words ) ? $words : __( 'Sign the petition', 'petition' );
	return sprintf(
		'<p><a href="%s">%s</a><script async src="%s/embed.js" data-campaign="%s" data-partner="%s" data-lang="%s"></script></p>',
		esc_url( $address ),
		esc_html( $words ),
		esc_url( $server ),
		esc_attr( $found[2] ),
		esc_attr( $key ),
		esc_attr( $language )
	);
}

/** What the block is called in the editor, in the language of whoever writes there. */
function petition_block_words() {
	return array(
		'title'       => __( 'Petition form', 'petition' ),
		'description' => __( 'The sign form of a petition.', 'petition' ),
		'address'     => __( 'Address of the form', 'petition' ),
	);
}

/** What a shortcode or a block shows; whoever may mend it is told that it is wrong. */
function petition_shown( $attributes ) {
	$form = petition_form( $attributes['url'] ?? '' );
	if ( '' === $form && current_user_can( 'edit_posts' ) ) {
		return '<p>' . esc_html__( 'This is no address of a form: look at Settings, Writing.', 'petition' ) . '</p>';
	}
	return $form;
}

add_action(
	'init',
	function () {
		$server = petition_server();
		if ( '' !== $server ) {
			wp_oembed_add_provider( $server . '/*', $server . '/oembed' );
		}
		add_shortcode(
			'petition',
			function ( $attributes ) {
				return petition_shown( shortcode_atts( array( 'url' => '' ), $attributes ) );
			}
		);
		wp_register_script( 'petition-block', false, array( 'wp-blocks', 'wp-block-editor', 'wp-components', 'wp-element' ), '0.1.0', true );
		wp_add_inline_script(
			'petition-block',
			'( function ( blocks, editor, components, element, words ) {
				blocks.registerBlockType( "petition/form", {
					title: words.title, description: words.description, icon: "edit", category: "embed", keywords: [ "petition" ],
					attributes: { url: { type: "string", default: "" } },
					edit: function ( props ) {
						return element.createElement( "div", editor.useBlockProps(), element.createElement( components.TextControl, {
							label: words.address, type: "url", value: props.attributes.url,
							placeholder: "https://petition.example.org/en/amazon?partner=KEY",
							onChange: function ( url ) { props.setAttributes( { url: url } ); }
						} ) );
					},
					save: function () { return null; }
				} );
			} )( wp.blocks, wp.blockEditor, wp.components, wp.element, ' . wp_json_encode( petition_block_words() ) . ' );'
		);
		register_block_type(
			'petition/form',
			array(
				'api_version'     => 2,
				'title'           => __( 'Petition form', 'petition' ),
				'editor_script'   => 'petition-block',
				'attributes'      => array( 'url' => array( 'type' => 'string', 'default' => '' ) ),
				'render_callback' => 'petition_shown',
			)
		);
	}
);

/** An address on a line of its own: the server says by oEmbed whether the key is a live one. */
add_filter(
	'oembed_dataparse',
	function ( $html, $data, $address ) {
		if ( 'rich' !== ( $data->type ?? '' ) ) {
			return $html;
		}
		$form = petition_form( $address, (string) ( $data->title ?? '' ) );
		return '' !== $form ? $form : $html;
	},
	20,
	3
);

add_action(
	'admin_init',
	function () {
		register_setting( 'writing', PETITION_OPTION, array( 'sanitize_callback' => 'petition_origin' ) );
		add_settings_field(
			PETITION_OPTION,
			__( 'Server of the petition', 'petition' ),
			function () {
				printf(
					'<input type="url" class="regular-text code" name="%1$s" id="%1$s" value="%2$s" placeholder="https://petition.example.org">',
					esc_attr( PETITION_OPTION ),
					esc_attr( petition_server() )
				);
			},
			'writing',
			'default',
			array( 'label_for' => PETITION_OPTION )
		);
	}
);

/** One file cannot bring catalogues along: where WordPress has no translation, it is taken from here. */
add_filter(
	'gettext_petition',
	function ( $translation, $text ) {
		if ( $translation !== $text ) {
			return $translation;
		}
		$words = petition_translations();
		return $words[ $text ][ strtolower( strtok( determine_locale(), '_-' ) ) ] ?? $text;
	},
	10,
	2
);

/** English to the same in other languages. */
function petition_translations() {
	return array(
		'Petition form'                => array(
			'ar' => 'استمارة النداء',
			'de' => 'Formular eines Appells',
			'es' => 'Formulario de un llamamiento',
			'fr' => 'Formulaire d’un appel',
			'it' => 'Modulo di un appello',
			'pl' => 'Formularz apelu',
		),
		'The sign form of a petition.' => array(
			'ar' => 'استمارة للتوقيع على نداء.',
			'de' => 'Das Formular, mit dem man einen Appell unterzeichnet.',
			'es' => 'El formulario para firmar un llamamiento.',
			'fr' => 'Le formulaire pour signer un appel.',
			'it' => 'Il modulo per firmare un appello.',
			'pl' => 'Formularz do podpisania apelu.',
		),
		'The sign form of a petition: by its address on a line of its own, by a block, or by [petition url="…"].' => array(
			'ar' => 'استمارة للتوقيع على نداء: بكتابة عنوانها في سطر مستقل، أو بمكوّن، أو عبر [petition url="…"].',
			'de' => 'Das Formular, mit dem man einen Appell unterzeichnet: durch seine Adresse in einer eigenen Zeile, als Block oder durch [petition url="…"].',
			'es' => 'El formulario para firmar un llamamiento: con su dirección en una línea aparte, con un bloque o con [petition url="…"].',
			'fr' => 'Le formulaire pour signer un appel : par son adresse seule sur une ligne, par un bloc ou par [petition url="…"].',
			'it' => 'Il modulo per firmare un appello: con il suo indirizzo da solo su una riga, con un blocco o con [petition url="…"].',
			'pl' => 'Formularz do podpisania apelu: przez jego adres w osobnym wierszu, blok albo [petition url="…"].',
		),
		'Address of the form'          => array(
			'ar' => 'عنوان الاستمارة',
			'de' => 'Adresse des Formulars',
			'es' => 'Dirección del formulario',
			'fr' => 'Adresse du formulaire',
			'it' => 'Indirizzo del modulo',
			'pl' => 'Adres formularza',
		),
		'Sign the petition'            => array(
			'ar' => 'التوقيع على النداء',
			'de' => 'Den Appell unterzeichnen',
			'es' => 'Firma el llamamiento',
			'fr' => 'Signer l’appel',
			'it' => 'Firma l’appello',
			'pl' => 'Podpisz apel',
		),
		'Server of the petition'       => array(
			'ar' => 'خادم النداء',
			'de' => 'Server des Appells',
			'es' => 'Servidor del llamamiento',
			'fr' => 'Serveur de l’appel',
			'it' => 'Server dell’appello',
			'pl' => 'Serwer apelu',
		),
		'This is no address of a form: look at Settings, Writing.' => array(
			'ar' => 'هذا ليس عنوان استمارة: راجع الإعدادات، ثم الكتابة.',
			'de' => 'Das ist keine Adresse eines Formulars: Bitte unter „Einstellungen“, „Schreiben“ nachsehen.',
			'es' => 'Esta no es la dirección de un formulario: mira en Ajustes, Escritura.',
			'fr' => 'Ce n’est pas l’adresse d’un formulaire : voir Réglages, Écriture.',
			'it' => 'Questo non è l’indirizzo di un modulo: vedi Impostazioni, Scrittura.',
			'pl' => 'To nie jest adres formularza: zobacz Ustawienia, Pisanie.',
		),
	);
}
