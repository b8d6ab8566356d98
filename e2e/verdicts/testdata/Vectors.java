import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** Runs the checker over vectors: a line each, of fields in hexadecimal; see vectors_test.go. */
public class Vectors {
    public static void main(String[] args) throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.ISO_8859_1));
        for (String line; (line = in.readLine()) != null; ) {
            byte[] body = HexFormat.of().parseHex(line.split("\t", -1)[7]);
            String[] f = Arrays.stream(line.split("\t", -1)).map(Vectors::text).toArray(String[]::new);
            List<String> lines = f[3].isEmpty() ? List.of() : List.of(f[3].split("\n"));
            var v = PalisadeVerdict.verify(lines, List.of(f[0].split("\n")), f[1], f[2].equals("judged"), f[4], f[5], f[6], body,
                    Math.round(Double.parseDouble(f[8]) * 1000));
            System.out.println(v == null ? "refused" : v.site() + " " + v.form() + " " + v.id() + " " + v.mode() + " " + v.t());
        }
    }

    private static String text(String hex) {
        return new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
    }
}
