// Asks veraPDF's own engine whether files are PDF/A-2u (or the flavour named first), one line each. See README.md.
import java.io.FileInputStream;
import java.io.InputStream;
import java.util.TreeMap;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

public final class Check {
    private Check() {}

    public static void main(String[] arguments) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        PDFAFlavour flavour = PDFAFlavour.byFlavourId(arguments[0]);
        if (flavour == PDFAFlavour.NO_FLAVOUR) {
            System.err.println("unknown flavour " + arguments[0]);
            System.exit(2);
        }
        int refused = 0;
        for (int at = 1; at < arguments.length; at++) {
            if (!isAccepted(flavour, arguments[at])) {
                refused++;
            }
        }
        System.out.println((arguments.length - 1 - refused) + " of " + (arguments.length - 1) + " are PDF/A-" + arguments[0]);
        System.exit(refused == 0 ? 0 : 1);
    }

    private static boolean isAccepted(PDFAFlavour flavour, String file) throws Exception {
        try (InputStream in = new FileInputStream(file);
                PDFAParser parser = Foundries.defaultInstance().createParser(in, flavour);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, false)) {
            ValidationResult result = validator.validate(parser);
            System.out.println((result.isCompliant() ? "accepted " : "REFUSED ") + file);
            TreeMap<String, String> told = new TreeMap<>();
            for (TestAssertion assertion : result.getTestAssertions()) {
                if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                    String rule = assertion.getRuleId().getClause() + "/" + assertion.getRuleId().getTestNumber();
                    told.putIfAbsent(rule, assertion.getMessage() + " at " + assertion.getLocation().getContext());
                }
            }
            told.forEach((rule, why) -> System.out.println("  " + rule + ": " + why));
            return result.isCompliant();
        }
    }
}
