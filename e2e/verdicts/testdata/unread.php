<?php
// Prints the mode of a verdict, and whether the check read the body; see unread_test.go.
[, $checker, $key, $header] = $argv;
require $checker;

/** Stands for php://input. */
class Input
{
    public static bool $read = false;
    public $context;
    private string $rest = 'a=1';

    public function stream_open(): bool
    {
        return self::$read = true;
    }

    public function stream_read(): string
    {
        [$piece, $this->rest] = [$this->rest, ''];
        return $piece;
    }

    public function stream_eof(): bool
    {
        return $this->rest === '';
    }

    public function stream_stat(): array
    {
        return [];
    }
}

$_POST = ['as' => 'of an upload that PHP has parsed'];
$server = ['REQUEST_METHOD' => 'POST', 'HTTP_HOST' => 'example.com', 'REQUEST_URI' => '/signup', 'CONTENT_LENGTH' => '3',
    'HTTP_PALISADE_VERDICT' => $header];
stream_wrapper_unregister('php');
stream_wrapper_register('php', Input::class);
$v = palisade_verdict($key, 'signup', true, $server);
echo $v ? $v['mode'] . ', ' . (Input::$read ? 'read' : 'unread') : 'refused', "\n";
